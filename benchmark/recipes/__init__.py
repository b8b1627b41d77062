"""Recipes that make the shipped models: each one command, seeded, resumable."""
