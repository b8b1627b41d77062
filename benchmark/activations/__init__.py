"""Activations: what a backend says of a split, computed once and kept."""
