"""Price tables beside a list: `shape` finds the columns, `listprice` asks the catalog, `compare` sets both together."""
