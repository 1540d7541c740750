"""The HTTP side of the app simulator: routes, pages, JSON, metrics."""
