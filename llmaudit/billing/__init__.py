"""Bills beside the traffic: whose they are, what their names mean, what usage that a seller counted costs at list.

- `sums`: bill lines of the database as sums (`BillSum`); the only module here that knows the database.
- `lines`: what a line is: whose, of which model, usage or a charge beside it, in which currency.
- `exports`: usage exports: which of several that tell the same usage counts.
- `listed`, `factors`: a sum of an export at list, with bounds and what widens them.
"""
