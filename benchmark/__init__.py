"""The core: the contracts of the benchmark and the machinery that keeps them."""
