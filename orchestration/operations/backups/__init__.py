"""Backups of the data folder, made and restored atomically."""
