"""Dual encoders of transformers: a tower for pictures, a tower for texts, one joint embedding."""
