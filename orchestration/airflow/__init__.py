"""Shared parts of the DAGs: assets, defaults, tasks, the rendered dbt graph and its sensors."""
