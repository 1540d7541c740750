"""Recommendations over HTTP, out of the published file."""
