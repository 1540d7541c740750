"""Metrics of a model on listens that it has not seen."""
