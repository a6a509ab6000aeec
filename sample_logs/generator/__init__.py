"""Writes the sample logs of the invented shop-support product Fernleaf, and the truth planted in them.

Standard library only; no clock, no operating-system randomness, no libm: the same text comes out everywhere.
"""
