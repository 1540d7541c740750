"""Exports of streaming services become worlds."""
