"""Linear readers of two codes, a score a pair."""
