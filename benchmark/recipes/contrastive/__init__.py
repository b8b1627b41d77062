"""pocket-clip: an open_clip model trained from scratch on rendered scenes and their captions."""
