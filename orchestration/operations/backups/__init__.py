"""Backups of the data folder: made whole or not at all, and put back whole or not at all."""
