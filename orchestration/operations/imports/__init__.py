"""Worlds made from people's own listening histories."""
