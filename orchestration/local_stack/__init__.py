"""The local stack: Airflow, its PostgreSQL and the servers around them, as one command."""
