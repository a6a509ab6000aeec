"""Price tables against a list: `shape` finds the columns, `listprice` asks the catalog, `compare` compares them."""
