"""Ranks among all candidates by cosine of sparse codes, ties counted, without dense scores."""
