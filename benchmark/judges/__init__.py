"""What an answer says, and whether an edit did what it was for: judged from words alone."""
