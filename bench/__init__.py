"""The measured promises: `make bench`, or `python -m bench.<name>`."""
