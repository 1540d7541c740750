"""What the DAGs share: assets, defaults, tasks, the rendered dbt graph and its sensors."""
