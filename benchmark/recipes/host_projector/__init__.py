"""The projector of a host of any size, trained on conversations about real pictures."""
