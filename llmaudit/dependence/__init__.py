"""How far traffic hangs on one provider, seller or model: what lock-in, reliability and the checklist are read from."""
