"""Raw validation of each load, by Great Expectations."""
