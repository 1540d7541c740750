"""What we add to Airflow's web server."""
