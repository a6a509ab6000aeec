"""Bytes to a page: blocks of text and tables, each word with its line of the file.

`read` decodes and chooses the reader: `html` (with `html_table`) or `markdown` (plain text too). `variables` knows
template variables, constants and the page's date. Nothing here knows what a fee is.
"""
