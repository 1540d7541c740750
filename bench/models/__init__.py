"""Benches of models: what they reach on drawn logs and generated apps, and what they cost."""
