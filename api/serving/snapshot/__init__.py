"""Prepared answers of one publication, in files that all workers map."""
