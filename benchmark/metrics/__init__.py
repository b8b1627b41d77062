"""Metrics: one formula or one idea a file, pure functions of codes, labels and pairs."""
