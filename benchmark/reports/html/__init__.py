"""The report of one run: everything that it says on one page, which needs nothing else."""
