"""What gateways add to the provider's price: measured, distinguished from what only looks like it, or cleared.

    cells ──▶ cell_sums (exact sums) ────────────────────────────────────────────┐
    sampled requests ─▶ panel ─▶ decide (one model) ─▶ judge ─▶ markup_rules     ├─▶ gateway ─▶ all_gateways: verdicts
                                                  └─▶ judged_by_requests ────────┤
    prompts, payments ─▶ tokencount, topup ─▶ channels ─▶ beside_requests ───────┘

A gateway is said to add a markup only if no other explanation of its log fits as well. So `decide` compares two kinds
of explanations with the same requests:

- rules that could produce a gateway's amounts: what a rule is (`rules`), the rules (`rule_shapes`), fitting them
  (`rule_fitting`, `regression`, `round_numbers`);
- look-alikes that could produce the amounts without any markup: list prices under other conditions (`lookalikes`),
  fitting them (`lookalike_fitting`), cached tokens the log does not show (`hidden_cache`), a fallback model or output
  it does not count (`fallback_and_reasoning`).

`doubts` are the reasons why the best rule may still not be one; `lookalike_rulings` says which look-alikes were ruled
out. Beside these:

- `listprice`, `rounding_step`: whose list price counts, and how a log rounds.
- `implied_rates`, `outliers`, `samples`, `claims`: what is shown beside a verdict.
- `ratecard`: a reseller's published prices against the provider's, without any requests.
- `traffic`: what is known about a gateway; `gateway_row`: the sums of every verdict; `model`: the results as
  plain values.
"""
