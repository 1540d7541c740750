"""Questions on the command line: how an answer is written, and the SQL shell."""
