"""Maintenance of a data folder: backups, compaction, erasure of a person."""
