"""The `kernels` verb: every op held against its meaning, then timed beside what else does it."""
