"""One whole training step: encode, decode, gradients and update, from equal weights."""
