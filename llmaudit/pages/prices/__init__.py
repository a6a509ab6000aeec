"""Price tables beside a list: `table` finds the table and its columns, `listprice` asks the catalog."""
