"""One file, one question; the file name is the name."""
