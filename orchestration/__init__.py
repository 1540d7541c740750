"""The steps of a run and the command line that calls them."""
