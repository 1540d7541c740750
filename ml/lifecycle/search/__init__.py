"""The search of settings within a budget of work."""
