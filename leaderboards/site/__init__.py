"""The leaderboard as static pages: no server, no asset from elsewhere, readable without script."""
