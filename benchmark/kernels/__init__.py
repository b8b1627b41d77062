"""The operations that decide how long a run takes, each written several times and held equal.

A folder is an op: `reference` says what it means in plain torch, `triton` is for GPUs. Kernels are
compiled for the device that the tensors are on; where TRITON_INTERPRET=1 they run on the CPU,
slowly, for tests.
"""
