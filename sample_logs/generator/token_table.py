"""Pieces of the prompt templates that take more than one o200k_base token: `·` is a blank, `¶` a line end."""

_BY_TOKENS: dict[int, str] = {
    2: (
        '":"€ "SELECT "]," "]}," "}}," \'"} (",". (orders (paid (refunds (returned (returns (week '
        "-processors Arrived Clara Classify Decide Delist Derive Felix Gladly Hugo Ines Jonas Leeds Lyon Mooi "
        'Nicely Nina Ottimo Passt Porto Ranked Refactor Reçu Smells Turin Utrecht Vienna [{" ```¶ broke clara '
        "complaint damaged david delivered felix grace hugo jonas laura marco navy nina smell wool yoga }}} "
        "·Confidentiality ·Corrected ·DPD ·Fernleaf ·HAVING ·Ines ·Propose ·Refunds ·Refuse ·Supplier's "
        "·Unacceptable ·afgewerkt ·apologised ·beschädigt ·bezorgd ·buty ·bystanders ·cambiare ·carrier's ·chcę "
        "·compren ·contradicts ·counterparty ·delist ·dobry ·emballage ·emma ·felix ·hugo ·indemnifies "
        "·indemnity ·jonas ·laura ·oiling ·palauttaa ·parcel's ·piccola ·polecam ·recebi ·reembolso ·renews "
        "·repack ·rompió ·soigné ·squeaks ·supplier's ·taglia ·thx ·tuotteen ·unworn ·veloce ·vorrei ·wygodne "
    ),
    3: (
        '"]}}," "]}}}] Bardzo Consegna Dobrý Dzień Goedemorgen Quisiera Summarise ·Reweighting ·angegossen '
        "·beställning ·gedauert ·haluaisin ·objednávka ·unreasonably ·zamówienie ·zwrócić "
    ),
    4: ("Buongiorno "),
    9: ("|---|---|---|---|¶ "),
}
MULTI_TOKEN_PIECES: dict[str, int] = {
    piece.replace("·", " ").replace("¶", "\n"): tokens
    for tokens, pieces in _BY_TOKENS.items()
    for piece in pieces.split()
}
