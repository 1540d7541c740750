"""What runs the DAGs: Airflow, its PostgreSQL, and the servers around them, as one command."""
