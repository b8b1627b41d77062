"""References: floors, baselines and ceilings as functions from subject to subject."""
