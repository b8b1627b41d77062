"""How errors are said: one line with what was found, what was wanted and what to do."""
