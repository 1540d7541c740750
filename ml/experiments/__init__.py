"""Experiments: which arm a user is in, and what the arms' outcomes prove."""
