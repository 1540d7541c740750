"""Plugins of Airflow's web server."""
