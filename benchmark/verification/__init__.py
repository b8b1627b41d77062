"""Submissions scored again: from their checkpoints, on the public test and on one drawn anew."""
