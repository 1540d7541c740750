"""Comparison of two states of the marts: what a change to a model does to them."""
