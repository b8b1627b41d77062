"""One-to-one pairs with the largest sum of positive scores: exact, with a proof that is checked."""
