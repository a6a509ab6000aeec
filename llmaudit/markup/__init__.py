"""What gateways add to the provider's price: measured, told apart from what only looks like it, or cleared."""
