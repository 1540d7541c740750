"""What the DAGs share: assets, defaults, how a task runs, how dbt's graph is drawn and watched."""
