"""The pocket language model: a small Llama that knows the pocket world from text alone."""
