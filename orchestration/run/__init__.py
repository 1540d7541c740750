"""A run: its settings, lock, record, console and errors."""
