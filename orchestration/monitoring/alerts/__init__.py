"""Alerts: what a failure is reported with, and by which channel."""
