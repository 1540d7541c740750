"""Alerts: their messages, channels and delivery."""
