"""How often the tests of steering profiles claim what is not there, and find what is."""
