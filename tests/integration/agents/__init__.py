"""Programs and agents ask the published file."""
