"""Benchmarks of the promises: `make bench`, or `python -m bench.<room>.<name>`."""
