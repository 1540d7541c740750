"""The second stage: trees that put the best tracks of a blend in a better order."""
