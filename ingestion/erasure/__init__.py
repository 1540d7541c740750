"""Erasure of a person from the lake."""
