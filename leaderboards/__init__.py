"""The leaderboard: records that are committed, and later the site built from them."""
