"""One file, one method; the file name is the name."""
