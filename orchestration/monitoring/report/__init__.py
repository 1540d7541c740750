"""One page that tells how things stand and how they went, out of the monitoring marts alone."""
