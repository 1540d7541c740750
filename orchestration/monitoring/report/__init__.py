"""The report: the current state and the history, from the monitoring marts alone."""
