"""The models, each in a file of the same interface."""
