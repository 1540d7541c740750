"""The DAGs: one file each; `orchestration/airflow` has what they share."""
