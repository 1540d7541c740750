"""External files of listens and metadata, as other programs write them."""
