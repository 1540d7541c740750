"""Counters, metrics and logs of the serving API."""
