"""Σ z_I z_Tᵀ over pairs, from sparse codes."""
