"""AdamW on weight rows, with the projections that keep decoder rows at length one."""
