"""Findings: pure functions from `Evidence` to a frozen value, one file each."""
