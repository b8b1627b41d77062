"""What a run would take, told before anything is fetched, opened or fitted."""
