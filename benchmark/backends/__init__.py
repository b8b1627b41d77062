"""Backends: what turns examples into activations."""
