"""Playlists of each kind: which tracks, in which order, and how good they are."""
