"""The pocket vision-language models: towers, a projector, a language model, and their training."""
