"""The Great Expectations suites of raw validation.

dbt quarantines single records that violate a rule; these suites look for faults of the whole load:
columns, types, shares of records, volume. An `error` refuses the load, a `warn` is recorded.
"""
