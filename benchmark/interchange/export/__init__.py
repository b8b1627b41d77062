"""Dictionaries of a run, written in a format that other libraries read."""
