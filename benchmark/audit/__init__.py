"""Whether each metric ranks what it should: scored on dictionaries of known, graded quality."""
