"""The build file: dbt on DuckDB, its results, and what is read from it."""
