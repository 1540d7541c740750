"""Playlists: the rules of each kind."""
