"""One module a format: `sees` says what speaks for it, `read` makes coders of its tensors."""
