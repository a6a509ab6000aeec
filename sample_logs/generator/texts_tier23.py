"""Prompts and answers of the complex (tier 2) and high-stakes (tier 3) features."""

from .texts import TURN, FeatureText, Pair

TABLE = (
    "| sku | sold | returned | top reason |\n|---|---|---|---|\n| A1 | {count} | {share} | too small |\n"
    "| B7 | 212 | 41 | damaged |\n| C3 | 95 | 9 | changed mind |\n\n"
)
RETURNS_ANALYSIS = FeatureText(
    system=(
        "You are a returns analyst. Reason step by step over the data, test at least two explanations, state what "
        "would change your mind, and end with a ranked list of actions with their expected effect."
    ),
    pairs=(
        Pair(TABLE + "Why did returns rise in {month}, and what should we do first?",
             "1. Size: A1 is returned mostly for fit, so a size chart should act first.\n2. Damage: B7 at 41 of "
             "212 is the worst rate; packaging is the likely cause.\n\nRanked: repack B7, then fix the A1 chart."),
        Pair(TABLE + "Compare the cost of returns with the cost of better packaging at {amount} per parcel.",
             "B7 loses 41 parcels in 212. At {amount} per parcel the packaging pays only if it prevents about half "
             "of them. Test it on one warehouse for {days} days before a roll-out."),
        Pair(TABLE + "Is the {carrier} switch in {month} the cause? Show your reasoning.",
             "Damage rose only for B7, while A1 and C3 use the same carrier. The switch alone cannot explain that; "
             "the change of box in the same month can. Check parcels shipped in old boxes."),
        Pair(TABLE + "Forecast next month's returns for each sku and explain the uncertainty.",
             "A1: about {share}, B7: about 40, C3: about 9. The spread is wide because each rests on one month. "
             "Another month of data would halve it."),
        Pair(TABLE + "Which sku would you delist, and what is the margin effect step by step?",
             "Delist none yet. B7 has a damage problem, not a demand problem: 171 of 212 stayed sold. Fix "
             "packaging, measure again in {days} days, delist only if damage stays above 10%."),
        Pair(TABLE + "Plan an experiment that separates size problems from photo problems for A1.",
             "Split visitors by cookie: new chart, new photos, both, neither. Count returns by reason after {days} "
             "days. The two-by-two design separates the effects and shows an interaction."),
        Pair(TABLE + "Analyse whether free returns should end in {city}.",
             "Free returns lift both sales and returns. With {share}% returned, the break-even fee is below "
             "{amount}. Run it in {city} for {days} days against a matched city."),
        Pair(TABLE + "Trace how the damage rate moves through warehouse, carrier and box type.",
             "Warehouse first: rates are equal. Carrier next: equal again. Box type: the thin box doubles the "
             "rate. So the box is the driver and the other two are bystanders."),
        Pair(TABLE + "Explain the gap between our return rate and the {share}% of the market.",
             "Mix explains half: we sell more shoes. Damage explains a third: B7. The rest is within noise. "
             "Reweighting by category before comparing is the honest way."),
        Pair(TABLE + "Derive a rule for instant refunds that keeps fraud below 1%.",
             "Refund at once below {amount} for customers with three or more orders and no earlier dispute; hold "
             "the rest for inspection. Back-test on {month} before going live."),
        Pair(TABLE + "Write the steps to reconcile these numbers with the ledger and find the difference.",
             "Match by sku and day, list unmatched rows, sort by amount, and explain the five largest. Late scans "
             "and exchanges booked as returns are the usual causes."),
        Pair(TABLE + "Which two segments cause most of the loss? Reason from the table only.",
             "B7 damaged and A1 too small. Together they hold most of the returned units; C3 is small and mostly "
             "change of mind, which we cannot influence much."),
    ),
    max_tokens=8192,
)  # fmt: skip

RUN_SQL = "run_sql"
SQL_REPORT_AGENT = FeatureText(
    system="You write SQL for the reporting database and explain results. Tables: orders, returns, refunds, tickets.",
    tools=(
        {
            "type": "function",
            "function": {
                "name": RUN_SQL,
                "description": "Run a read-only SQL query on the reporting database.",
                "parameters": {
                    "type": "object",
                    "properties": {"query": {"type": "string"}},
                    "required": ["query"],
                },
            },
        },
    ),
    pairs=(
        Pair("How many refunds above {share} euros did we pay in {month}?",
             '{"query":"SELECT count(*) FROM refunds WHERE amount > {share} AND paid_month = \'{month}\'"}', RUN_SQL),
        Pair("Return rate by carrier for the last {days} days, please.",
             '{"query":"SELECT carrier, avg(returned) FROM orders WHERE age_days <= {days} GROUP BY carrier"}',
             RUN_SQL),
        Pair("Which agents closed the most tickets on {weekday}?",
             '{"query":"SELECT agent, count(*) AS closed FROM tickets GROUP BY agent ORDER BY closed DESC LIMIT 5"}',
             RUN_SQL),
        Pair("Fix this query:\n```sql\nSELECT city, sum(amount FROM refunds GROUP city\n```",
             "```sql\nSELECT city, sum(amount) FROM refunds GROUP BY city\n```\nA bracket and the word BY were "
             "missing."),
        Pair("Explain why this is slow:\n```sql\nSELECT * FROM orders o JOIN returns r ON lower(o.id) = "
             "lower(r.order_id)\n```",
             "The join calls lower() on both sides, so no index can be used. Store ids in one case and join on the "
             "plain columns:\n```sql\nSELECT o.id FROM orders o JOIN returns r ON o.id = r.order_id\n```"),
        Pair("Build a weekly cohort of first orders and their returns after {days} days.",
             '{"query":"WITH first AS (SELECT customer, min(week) AS week FROM orders GROUP BY customer) '
             'SELECT f.week, count(*) FROM first f JOIN returns r USING (customer) GROUP BY f.week"}', RUN_SQL),
        Pair("Write a Python function that turns the result rows into CSV.",
             '```python\ndef to_csv(rows):\n    return "\\n".join(",".join(map(str, row)) for row in rows)\n```'),
        Pair("Median time to refund per shop?" + TURN + "Do you want business days or calendar days?" + TURN
             + "Calendar days.",
             '{"query":"SELECT shop, median(paid_day - asked_day) FROM refunds GROUP BY shop"}', RUN_SQL),
        Pair("List orders to {city} with more than {share} items returned.",
             '{"query":"SELECT id FROM orders WHERE city = \'{city}\' AND returned_items > {share}"}', RUN_SQL),
        Pair('Refactor this into one query:\n```python\nfor s in shops:\n    run(f"SELECT sum(x) FROM r WHERE '
             'shop={s}")\n```',
             "```sql\nSELECT shop, sum(x) FROM r GROUP BY shop\n```\nOne pass replaces a query for each shop."),
        Pair("Compare {month} with the month before: orders, returns, refunds, in one table.",
             '{"query":"SELECT month, sum(orders), sum(returns), sum(refunds) FROM monthly GROUP BY month"}', RUN_SQL),
        Pair("Find duplicate refunds for the same order and propose a constraint.",
             '{"query":"SELECT order_id, count(*) FROM refunds GROUP BY order_id HAVING count(*) > 1"}', RUN_SQL),
    ),
    max_tokens=8192,
)  # fmt: skip

REFUND_DECISION = FeatureText(
    system=(
        "Decide the refund for the customer: approve, partial or deny, with the amount and the policy clause. Your "
        "decision is executed without review, so a wrong one costs money or a customer. Policy: P1 30 days from "
        "delivery; P2 damage needs a photo; P3 worn items are denied; P4 above 150 euros ask a manager."
    ),
    pairs=(
        Pair("{order}, {product}, {amount}, delivered {days} days ago, photo shows a crack.", "approve {amount} (P1, "
                                                                                              "P2)"),
        Pair("{order}, {product}, {amount}, worn twice, customer {email} insists.", "deny (P3)"),
        Pair("{order}, {amount}, parcel lost by {carrier}, search closed.", "approve {amount} (P1)"),
        Pair("{order}, {product}, damage claimed, no photo, {days} days after delivery.", "deny until a photo "
                                                                                          "arrives (P2)"),
        Pair("{order}: one of two items missing, paid {amount} for both.", "partial, half of {amount} (P1)"),
        Pair("{order}, returned after 41 days, unopened, {amount}.", "deny (P1)"),
        Pair("{order}, {amount}, card charged twice according to the bank statement.", "approve {amount}, double "
                                                                                       "charge"),
        Pair("{order}, wrong colour ({colour}), unused, {days} days, {amount}.", "approve {amount} (P1)"),
        Pair("Customer threatens a lawyer over {order}, {amount}, {product} broke on day {days}.",
             "ask a manager, warranty case (P4)"),
        Pair("{order}, {product}, {amount}, third claim this year from {phone}.", "ask a manager, repeated claims "
                                                                                  "(P4)"),
        Pair("{order}, gift card of {amount} to be paid out.", "deny, gift cards are not refundable"),
        Pair("{order}, delivered {weekday}, {product} smells, unused, {amount}.", "approve {amount} (P1)"),
    ),
    max_tokens=4096,
)  # fmt: skip

CONTRACT_REVIEW = FeatureText(
    system=(
        "You review supplier contracts for the legal team. Quote the clause, name the risk under the governing law, "
        "and "
        "propose wording. Do not miss liability, indemnity, data protection or termination issues."
    ),
    pairs=(
        Pair("Clause 7.2: Supplier's liability is limited to {amount} per year, including gross negligence.",
             "Risk: limiting gross negligence is void in several jurisdictions. Propose: the cap does not apply to "
             "intent and gross negligence."),
        Pair("Clause 3: Fees may be changed with {days} days' notice.",
             "Risk: unilateral price change. Propose: a right to terminate without cost before the change takes "
             "effect."),
        Pair("Clause 11: Customer indemnifies Supplier against all claims of any kind.",
             "Risk: unlimited indemnity. Propose: limit it to claims caused by the customer's breach, with a cap."),
        Pair("Clause 5: Supplier may use customer data to improve its services.",
             "Risk: a new purpose under data protection law. Propose: only aggregated data, no personal data."),
        Pair("Clause 14: This agreement renews for three years unless terminated {days} days before.",
             "Risk: long automatic renewal. Propose: renewal for one year and a reminder."),
        Pair("Clause 9: Place of jurisdiction is {city}; the law of the supplier's seat applies.",
             "Risk: foreign court and law. Propose: our seat, or arbitration with agreed rules."),
        Pair("Clause 2.4: Service levels are targets and give no right to credits.",
             "Risk: no remedy for outages. Propose: credits from 99.5% and termination after three misses."),
        Pair("Clause 8: Sub-processors may be added at any time.",
             "Risk: loss of control over processors. Propose: notice of {days} days and a right to object."),
        Pair("Clause 6: Returned goods become the carrier's property after {days} days.",
             "Risk: loss of title without compensation. Propose: written notice first, and payment of the market "
             "value."),
        Pair("Clause 12: Supplier may assign this agreement freely.",
             "Risk: unknown counterparty. Propose: consent required, not to be unreasonably withheld."),
        Pair("Clause 4: Acceptance is deemed given if not refused within two days.",
             "Risk: too short for a test. Propose: {days} days and acceptance only after a successful test."),
        Pair("Clause 10: Confidentiality ends with the agreement.",
             "Risk: secrets become free. Propose: it survives for five years, trade secrets without limit."),
    ),
    max_tokens=8192,
)  # fmt: skip
