"""The operations that decide how long a run takes, each written several times and held equal.

A folder is an op: `reference` says what it means in plain torch, `cpu` is for CPUs (loops that
numba compiles, or torch's own), `triton` for GPUs. Where TRITON_INTERPRET=1 the last run on the
CPU, slowly, for tests.
"""
