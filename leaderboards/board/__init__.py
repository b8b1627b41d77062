"""Cells as a table that can be trusted: places, columns, rows and tiers. No torch, no HTML."""
