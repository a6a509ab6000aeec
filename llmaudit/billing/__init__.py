"""Bills beside the traffic: who issued them, what their names mean, and what exported usage costs at list.

- `sums`: bill lines of the database as sums (`BillSum`); the only module here that reads the database.
- `lines`: what a line is: whose, of which model, usage or another charge, in which currency.
- `exports`: usage exports, and which of several counts where they cover the same usage.
- `listed`, `factors`: exported usage at list price, with bounds and the reasons for them.
- `differences`: the causes of a difference between a bill and something else.
"""
