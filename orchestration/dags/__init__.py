"""The day as Airflow runs it: one file per DAG; what they share is in `shared`."""
