"""Benches of the serving API."""
