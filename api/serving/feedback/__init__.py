"""Feedback from the app: stored durably, and hidden tracks left out at once."""
