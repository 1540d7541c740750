"""Monitoring of runs: marts, a report and alerts."""
