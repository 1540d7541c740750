"""dbt, run inside this process: its commands, what they found, and the project that they read."""
