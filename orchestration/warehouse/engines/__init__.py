"""Engines and stores beside one local DuckDB: Spark, a lakehouse, object storage."""
