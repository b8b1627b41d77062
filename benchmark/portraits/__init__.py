"""The latents of fitted dictionaries as pictures and numbers, on train and val: never on test."""
