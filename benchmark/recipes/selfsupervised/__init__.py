"""pocket-ssl: a vision tower that never met a word, trained by telling apart what it sees twice."""
