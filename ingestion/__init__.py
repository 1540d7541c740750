"""From the app's API into the Parquet lake, with dlt."""
