"""Asking a model about pictures while what it sees of them is changed, and judging its answers."""
