"""Worlds: data whose truth is known, or that others published, behind one small interface."""
