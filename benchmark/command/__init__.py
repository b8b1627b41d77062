"""The command line: its words and its lists. Imports no torch."""
