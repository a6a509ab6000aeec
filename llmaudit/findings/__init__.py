"""Findings: pure functions from an `Evidence` to a frozen value, one file each.

`llmaudit.audit.FINDINGS` lists them in order. A finding knows no database, no chart, no clock and no other finding.
"""
