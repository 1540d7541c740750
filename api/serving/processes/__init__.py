"""The server's processes: supervisor, refresher, workers."""
