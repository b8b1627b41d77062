"""Concepts added to what a model sees, and suppressed in it, at every decoder block alike."""
