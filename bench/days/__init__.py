"""Benches of the data path: ingest, builds, whole days, Spark and Airflow."""
