"""Alignment: which latents of two dictionaries fire together, and maps between them."""
