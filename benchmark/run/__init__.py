"""Running a request: materials, fits, scores, cells."""
