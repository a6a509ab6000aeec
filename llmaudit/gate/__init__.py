"""The cost-regression check: a log against a baseline and a budget."""
