"""Sparse autoencoders: dictionaries, their parts, and the one training loop."""
