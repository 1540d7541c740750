"""Experiments: the assignment, and the interval that may be looked at every day."""
