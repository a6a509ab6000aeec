"""Prompts and answers of the trivial features (tier 0): a label, a handful of fields, a language code."""

from .texts import FeatureText, Pair

INTENT_CLASSIFY = FeatureText(
    system=(
        "Classify the customer message into exactly one intent: order_status, return_request, refund_status, "
        "address_change, product_question, complaint, cancel_order, other. Answer with the label only."
    ),
    pairs=(
        Pair("Hi, where is my order {order}? It was supposed to arrive {weekday}.", "order_status"),
        Pair("I want to send back the {product}, it is too small.", "return_request"),
        Pair("You said my money would be back in {days} days. Still nothing for {order}!", "refund_status"),
        Pair("Please ship {order} to my office in {city} instead of my home.", "address_change"),
        Pair("Does the {product} also come in {colour}?", "product_question"),
        Pair("This is the second time {carrier} left my parcel in the rain. Unacceptable.", "complaint"),
        Pair("Cancel {order} please, I ordered the wrong size.", "cancel_order"),
        Pair("Can you call me back on {phone}? It's about my account.", "other"),
        Pair("Tracking for {order} has not moved since {weekday}. Is it lost?", "order_status"),
        Pair("The {product} arrived with a broken zip. How do I return it?", "return_request"),
        Pair("Is the {product} machine washable?", "product_question"),
        Pair("My address changed, new one is in {city}. Order {order}.", "address_change"),
        Pair("I was charged {amount} twice. Fix this.", "complaint"),
        Pair("Has the refund for {order} been sent? My e-mail is {email}.", "refund_status"),
        Pair("pls stop the order, found it cheaper elsewhere", "cancel_order"),
        Pair("Do you have a student discount?", "other"),
    ),
    max_tokens=512,
)

ORDER_FIELD_EXTRACT = FeatureText(
    system=(
        "Extract the order fields from the message. Return JSON with order_id, item, reason, amount. "
        "Use null if absent."
    ),
    pairs=(
        Pair(
            "Hello, I'd like to return the {product} from order {order}. It does not fit.",
            '{"order_id":"{order}","item":"{product}","reason":"does not fit","amount":null}',
        ),
        Pair(
            "Order {order}: the {product} is damaged, I paid {amount}. Regards, {name}",
            '{"order_id":"{order}","item":"{product}","reason":"damaged","amount":"{amount}"}',
        ),
        Pair(
            "{name} here. Wrong colour sent, I asked for {colour}. Number is {order}.",
            '{"order_id":"{order}","item":null,"reason":"wrong colour","amount":null}',
        ),
        Pair(
            "Subject: return\n\nItem: {product}\nOrder: {order}\nPaid: {amount}\nReason: changed my mind",
            '{"order_id":"{order}","item":"{product}","reason":"changed my mind","amount":"{amount}"}',
        ),
        Pair(
            "I never received my {product}. Order number {order}, total {amount}.",
            '{"order_id":"{order}","item":"{product}","reason":"not received","amount":"{amount}"}',
        ),
        Pair(
            "Please refund {amount} for {order} to my card. {email}",
            '{"order_id":"{order}","item":null,"reason":null,"amount":"{amount}"}',
        ),
        Pair(
            "The {product} broke after {days} days!! order no. {order}",
            '{"order_id":"{order}","item":"{product}","reason":"broke after {days} days","amount":null}',
        ),
        Pair(
            "Two of the three items in {order} are missing, only the {product} arrived.",
            '{"order_id":"{order}","item":null,"reason":"items missing","amount":null}',
        ),
        Pair(
            "Your carrier {carrier} delivered {order} to {city}, I live somewhere else.",
            '{"order_id":"{order}","item":null,"reason":"delivered to wrong address","amount":null}',
        ),
        Pair(
            "exchange {product} size 38 for 40, {order}, thx {name}",
            '{"order_id":"{order}","item":"{product}","reason":"wrong size","amount":null}',
        ),
        Pair(
            "I paid {amount} but the shop page says less today. Can I get the difference? {order}",
            '{"order_id":"{order}","item":null,"reason":"price difference","amount":"{amount}"}',
        ),
        Pair(
            "Gift for my sister, she has one already: {product}, order {order}, {amount}.",
            '{"order_id":"{order}","item":"{product}","reason":"duplicate gift","amount":"{amount}"}',
        ),
        Pair(
            "Smells of glue. Sending the {product} back. ({order})",
            '{"order_id":"{order}","item":"{product}","reason":"smell","amount":null}',
        ),
    ),
    schema={
        "name": "order_fields",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {
                "order_id": {"type": ["string", "null"]},
                "item": {"type": ["string", "null"]},
                "reason": {"type": ["string", "null"]},
                "amount": {"type": ["string", "null"]},
            },
            "required": ["order_id", "item", "reason", "amount"],
            "additionalProperties": False,
        },
    },
    max_tokens=1024,
)

LANGUAGE_DETECT = FeatureText(
    system="Detect the language of the text. Reply with the ISO 639-1 code only.",
    pairs=(
        Pair("Wo bleibt meine Bestellung {order}?", "de"),
        Pair("Bonjour, je souhaite retourner la commande {order}.", "fr"),
        Pair("Hola, el paquete llegó roto. ¿Qué hago ahora?", "es"),
        Pair("Buongiorno, vorrei cambiare la taglia del mio ordine.", "it"),
        Pair("Goedemorgen, wanneer wordt mijn pakket bezorgd?", "nl"),
        Pair("Olá, ainda não recebi o reembolso de {amount}.", "pt"),
        Pair("Dzień dobry, chcę zwrócić zamówienie {order}.", "pl"),
        Pair("Hej, var är min beställning {order}?", "sv"),
        Pair("Hello, my parcel from {carrier} has not arrived.", "en"),
        Pair("Hei, haluaisin palauttaa tuotteen.", "fi"),
        Pair("Das Paket von {carrier} ist beschädigt angekommen.", "de"),
        Pair("La couleur ne correspond pas à la photo du site.", "fr"),
        Pair("Quisiera saber si el {product} está disponible.", "es"),
        Pair("Dobrý den, kde je moje objednávka {order}?", "cs"),
        Pair("Hi there, thanks for the quick help!", "en"),
    ),
    max_tokens=256,
)
