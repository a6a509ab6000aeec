"""What gateways add to the provider's price: measured, told apart from what only looks like it, or cleared.

    cells ──▶ cell_sums (exact sums) ────────────────────────────────────────────┐
    sampled requests ─▶ panel ─▶ decide (one model) ─▶ judge ─▶ markup_rules     ├─▶ gateway ─▶ all_gateways: verdicts
                                                  └─▶ judged_by_requests ────────┤
    prompts, payments ─▶ tokencount, topup ─▶ channels ─▶ beside_requests ───────┘

A gateway is charged with a markup only where no other reading of its log fits as well. So `decide` holds two kinds of
readings against the same requests:

- rules by which a gateway could make its amounts: what a rule is (`rules`), the rules (`rule_shapes`), fitting them
  (`rule_fitting`, `regression`, `round_numbers`);
- look-alikes that could make the amounts without any markup: list prices under other conditions (`lookalikes`), fitting
  them (`lookalike_fitting`), cached tokens the log does not show (`hidden_cache`), a fallback model or output it does
  not count (`fallback_and_reasoning`).

`doubts` are the reasons why the best rule may still be none; `lookalike_rulings` puts into words which look-alikes were
ruled out. Beside these:

- `listprice`, `rounding_step`: whose list price counts, and how a log rounds.
- `implied_rates`, `outliers`, `samples`, `claims`: what is shown beside a verdict.
- `ratecard`: a reseller's published prices against the maker's, without any request.
- `traffic`: what is known of a gateway; `gateway_row`: the sums of every verdict; `model`: the results as plain values.
"""
