"""Simulated data whose truth is known, for tests, benchmarks and for trying a method before one's own data are in."""
