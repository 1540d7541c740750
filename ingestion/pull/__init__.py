"""A pull from its first request to its accepted load."""
