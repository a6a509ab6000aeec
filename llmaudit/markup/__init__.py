"""What gateways add to the provider's price: measured, told apart from what only looks like it, or cleared.

    cells ──▶ bycell (exact sums) ───────────────────────────────────────┐
    sampled requests ─▶ panel ─▶ decide (one model) ─▶ judge ─▶ found ───┼─▶ gateway ─▶ every: the verdicts of an audit
    prompts, payments ─▶ tokencount, topup ─▶ channels ──────────────────┘

A gateway is charged with a markup only where no other reading of its log fits as well. So `decide` holds two kinds of
readings against the same requests: rules by which a gateway could make its amounts (`rules`, `shapes`, `fitting`,
`snap`) and look-alikes that could make them without any markup (`lookalikes`, `tried`, `hidden`, `instead`). `doubts`
are the reasons why the best rule may still be none; `ruling` puts into words which look-alikes were ruled out.

- `listprice`, `steps`, `fit`: whose list price counts, how a log rounds, and the robust regression behind it all.
- `implied`, `odd`, `samples`, `claims`: what is shown beside a verdict.
- `ratecard`: a reseller's published prices against the maker's, without any request.
- `model`: the results as plain values.
"""
