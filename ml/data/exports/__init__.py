"""Exports of listens as streaming services hand them out to a person."""
