"""How an answer to a query is written: to a terminal, or in a format for other programs."""
