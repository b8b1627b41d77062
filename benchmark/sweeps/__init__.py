"""The `sweep` verb: a method at every point of a grid of its fields, read and chosen on val."""
