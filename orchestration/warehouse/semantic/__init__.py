"""The semantic layer: metrics by their one definition, as SQL for the published file."""
