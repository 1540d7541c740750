"""Commands on data as a whole: bring listens, compare two states, serve programs."""
