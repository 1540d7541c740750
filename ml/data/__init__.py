"""Listens, features and metadata, as models read them."""
