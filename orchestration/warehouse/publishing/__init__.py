"""Publish a validated build: copy it, check it, move one link."""
