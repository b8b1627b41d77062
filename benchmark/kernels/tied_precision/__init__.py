"""Average precision over sorted scores some of which tie."""
