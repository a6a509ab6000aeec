"""Prompts and answers of the standard features (tier 1): summaries, drafts, answers from an article, translations."""

from .texts import TURN, FeatureText, Pair

TICKET_SUMMARY = FeatureText(
    system="Summarise the support ticket in two or three sentences for the next agent. Mention open promises.",
    pairs=(
        Pair(
            "Customer: My {product} from {order} arrived with a crack.\nAgent: Sorry! Could you send a "
            "photo?\nCustomer: Sent. I need it by {weekday}.\nAgent: A replacement leaves today with {carrier}.",
            "The {product} from {order} arrived cracked; the customer sent a photo. A replacement was promised for "
            "dispatch today with {carrier} and is needed by {weekday}.",
        ),
        Pair(
            "Customer: {order} shows delivered but nothing is here.\nAgent: Did you check with "
            "neighbours?\nCustomer: Yes, nobody has it.\nAgent: I opened a search with {carrier}, it takes {days} "
            "days.",
            "Order {order} is marked delivered but was not received, neighbours were asked. A carrier search with "
            "{carrier} is open and takes up to {days} days.",
        ),
        Pair(
            "Customer ({email}): I returned the {product} on {weekday}, no refund yet.\nAgent: The warehouse has "
            "it, {amount} will be booked within {days} days.",
            "{name} returned the {product} and is waiting for {amount}. The warehouse confirmed receipt and the "
            "refund was promised within {days} days.",
        ),
        Pair(
            "Customer: The discount code did not work, I paid {amount}.\nAgent: The code ended in "
            "{month}.\nCustomer: Your newsletter says otherwise.\nAgent: I will ask marketing and come back to you.",
            "The customer paid {amount} because a discount code failed; the newsletter contradicts its end date. "
            "The agent promised to ask marketing and reply.",
        ),
        Pair(
            "Customer: Please change the address of {order} to {city}.\nAgent: It has already left our "
            "warehouse.\nCustomer: Then cancel it.\nAgent: Refuse the parcel at the door and we refund you.",
            "Address change to {city} for {order} was too late, as was a cancellation. The customer will refuse the "
            "parcel and is to be refunded.",
        ),
        Pair(
            "Customer: Which size of the {product} fits a 10 year old?\nAgent: Size S.\nCustomer: S is sold "
            "out.\nAgent: New stock comes in {days} days, I can notify you.\nCustomer: Please do: {phone}",
            "The customer wants the {product} in size S, which is sold out. Stock is due in {days} days and a "
            "notification by phone was promised.",
        ),
        Pair(
            "Customer: I was sent the {product} in {colour}, I ordered white.\nAgent: We can exchange "
            "it.\nCustomer: I would rather have {amount} back.\nAgent: Label sent by e-mail.",
            "Wrong colour ({colour} instead of white) was delivered for the {product}. The customer prefers a "
            "refund of {amount}; a return label has been sent.",
        ),
        Pair(
            "Customer: Your driver from {carrier} was rude.\nAgent: I apologise, I will report it.\nCustomer: I "
            "expect a call.\nAgent: Our lead will call on {weekday}.",
            "Complaint about a {carrier} driver. The agent apologised, will report it, and promised a call by the "
            "team lead on {weekday}.",
        ),
        Pair(
            "Customer: Invoice for {order} has the wrong company name.\nAgent: Please send the right "
            "one.\nCustomer: Fernleaf test customer {name} Ltd, {city}.\nAgent: Corrected invoice follows.",
            "The invoice for {order} names the wrong company. The right name and city were supplied and a corrected "
            "invoice was promised.",
        ),
        Pair(
            "Customer: The {product} squeaks.\nAgent: Try oiling the joint.\nCustomer: Did that, no change.\nAgent: "
            "Then we exchange it under warranty, {order} noted.",
            "The {product} from {order} still squeaks after oiling. A warranty exchange was agreed and has to be "
            "started.",
        ),
        Pair(
            "Customer: I cannot log in.\nAgent: I sent a reset link.\nCustomer: It has expired.\nAgent: New link "
            "sent, valid for 24 hours.\nCustomer: Works now, thanks!",
            "Login problem, solved by a second password reset link. Nothing is open.",
        ),
        Pair(
            "Customer: Two parcels for {order}, only one arrived.\nAgent: The second is on its way with "
            "{carrier}.\nCustomer: When?\nAgent: {weekday} at the latest.",
            "One of two parcels of {order} has arrived. The second travels with {carrier} and was promised by "
            "{weekday}.",
        ),
    ),
    max_tokens=2048,
)

REPLY_DRAFT = FeatureText(
    system="Draft a friendly reply to the customer in at most 90 words. Sign as the Fernleaf demo shop team.",
    pairs=(
        Pair(
            "Where is {order}? I have been waiting since {weekday}.",
            "Hi {name},\n\nthank you for your patience. {order} is with {carrier} and should reach you within "
            "{days} days. If it does not arrive by then, just reply to this e-mail and we will send a new "
            "one.\n\nYour shop team",
        ),
        Pair(
            "The {product} is lovely but too big. Can I swap it?",
            "Hi {name},\n\nof course! Please use the label in your account to send the {product} back. As soon as "
            "it is scanned we will ship the smaller size at no extra cost.\n\nYour shop team",
        ),
        Pair(
            "I am {name}, {email}. Please delete my account.",
            "Hi {name},\n\nwe have received your request and will delete your account within {days} days. Open "
            "orders are finished first. You will get a short confirmation.\n\nYour shop team",
        ),
        Pair(
            "Your {product} broke after a week. I want my {amount} back!",
            "Hi {name},\n\nI am sorry about that. Please send us a photo of the {product} and we will refund "
            "{amount} or send a new one, whichever you prefer.\n\nYour shop team",
        ),
        Pair(
            "Do you ship to {city}?" + TURN + "Yes, we do. Which item are you interested in?" + TURN
            + "The {product} in {colour}.",
            "Hi {name},\n\nthe {product} in {colour} is in stock and delivery to {city} takes about {days} days. "
            "Shipping is free above 60 euros.\n\nYour shop team",
        ),
        Pair(
            "Why was I charged {amount}? The site said it was on sale.",
            "Hi {name},\n\nthank you for pointing this out. The sale started after your order was placed, but we "
            "are happy to give you the difference as a voucher.\n\nYour shop team",
        ),
        Pair(
            "Can I pick up {order} in your {city} store on {weekday}?",
            "Hi {name},\n\nyes, {order} can be picked up in {city} on {weekday} from 10 am. Please bring the order "
            "number and a photo ID.\n\nYour shop team",
        ),
        Pair(
            "You sent me the wrong colour again, I am really disappointed.",
            "Hi {name},\n\nthat should not have happened twice, and I apologise. The right colour leaves our "
            "warehouse today and you may keep or donate the other one.\n\nYour shop team",
        ),
        Pair(
            "Please call me at {phone} about {order}.",
            "Hi {name},\n\nthank you for your message. A colleague will call you on {weekday} about {order}. If "
            "another time suits you better, simply reply here.\n\nYour shop team",
        ),
        Pair(
            "Is the {product} vegan?",
            "Hi {name},\n\nyes, the {product} contains no animal products and is glued without animal glue. You "
            "will find the full list of materials on the product page.\n\nYour shop team",
        ),
        Pair(
            "I sent the parcel back {days} days ago and hear nothing.",
            "Hi {name},\n\nyour return has reached our warehouse and is being checked. The refund will be on its "
            "way by {weekday}. Thank you for waiting.\n\nYour shop team",
        ),
        Pair(
            "Can you gift wrap {order}?" + TURN + "Gladly, would you like a card as well?" + TURN + "Yes please, in "
                                                                                                    "{colour}.",
            "Hi {name},\n\ndone! {order} will be wrapped and comes with a {colour} card. There is no invoice in the "
            "parcel.\n\nYour shop team",
        ),
    ),
    max_tokens=2048,
)  # fmt: skip

ARTICLE = (
    "Article 12, returns: Goods may be returned within 30 days of delivery. Shoes must be unworn outdoors. Refunds go "
    "to the original payment method within 7 days of arrival at the warehouse. Gift cards are not refundable. "
    "Exchanges are free once per order. Large items are collected by the carrier after booking a date.\n\nQuestion: "
)
KB_ANSWER = FeatureText(
    system="Answer the question from the article only. If the article does not say, answer that you do not know.",
    pairs=(
        Pair(ARTICLE + "How long can I return the {product}?", "Within 30 days of delivery."),
        Pair(ARTICLE + "I wore the shoes in the park. Can I return them?", "No, shoes must be unworn outdoors."),
        Pair(
            ARTICLE + "When will I see my {amount}?",
            "Within 7 days of the parcel's arrival at the warehouse, on your original payment method.",
        ),
        Pair(ARTICLE + "Can I get money for a gift card?", "No, gift cards are not refundable."),
        Pair(ARTICLE + "Is a second exchange of {order} free?", "No, exchanges are free once per order."),
        Pair(
            ARTICLE + "The garden chair does not fit in my car, how do I return it?",
            "Book a date and the carrier will collect it.",
        ),
        Pair(ARTICLE + "Do you ship to {city}?", "I do not know, the article does not cover shipping."),
        Pair(
            ARTICLE + "My order came on {weekday}, {days} days ago. Am I too late?",
            "No, you have 30 days from delivery.",
        ),
        Pair(ARTICLE + "Can the refund go to another card?", "No, it goes to the original payment method."),
        Pair(ARTICLE + "Who pays for the pickup of large items?", "I do not know, the article does not say who pays."),
        Pair(
            ARTICLE + "What if I changed my mind about the {product}?",
            "You may return it within 30 days of delivery; the article asks for no reason.",
        ),
        Pair(
            ARTICLE + "List the deadlines mentioned.",
            "- Return: 30 days after delivery\n- Refund: 7 days after arrival at the warehouse",
        ),
    ),
    max_tokens=1024,
)

REVIEW_TRANSLATE = FeatureText(
    system="Translate the product review into English. Keep the tone.",
    pairs=(
        Pair("Sehr gute Qualität, aber die Lieferung hat {days} Tage gedauert.",
             "Very good quality, but delivery took {days} days."),
        Pair("La couleur est magnifique, je recommande.", "The colour is gorgeous, I recommend it."),
        Pair("Me encanta, lo uso todos los días.", "I love it, I use it every day."),
        Pair("Ottimo prodotto, però la taglia è piccola.", "Great product, but it runs small."),
        Pair("Mooi afgewerkt, maar de kleur valt tegen.", "Nicely finished, but the colour is disappointing."),
        Pair("Não gostei do material, parece plástico.", "I did not like the material, it feels like plastic."),
        Pair("Super Preis, gerne wieder!", "Great price, would buy again!"),
        Pair("Reçu en {days} jours, emballage soigné.", "Arrived in {days} days, carefully packed."),
        Pair("Se rompió a la semana. No lo compren.", "It broke within a week. Do not buy it."),
        Pair("Bra kvalitet men lite för dyr.", "Good quality but a little too expensive."),
        Pair("Bardzo wygodne buty, polecam.", "Very comfortable shoes, I recommend them."),
        Pair("Consegna veloce, prodotto come da foto.", "Fast delivery, product as pictured."),
        Pair("Passt wie angegossen, meine Tochter trägt nichts anderes mehr.",
             "Fits like a glove, my daughter wears nothing else."),
    ),
    max_tokens=1024,
)  # fmt: skip
