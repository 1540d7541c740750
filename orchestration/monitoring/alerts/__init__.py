"""Alerts: what a person is told of a failure, and by which channel."""
