"""Fitted dictionaries from elsewhere, and ours for elsewhere: formats of other SAE libraries."""
