"""The day that a user would build instead: dlt's stock REST source and a small dbt project."""
