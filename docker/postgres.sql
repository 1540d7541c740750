-- Airflow's database is the image's own (POSTGRES_DB); MLflow's is beside it.
create database mlflow;
