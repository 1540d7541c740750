"""The Great Expectations suites of raw validation.

These suites detect faults of a whole load: in its columns, types, shares of records and volume. An
`error` refuses the load, a `warn` is only recorded. dbt later quarantines single records that
violate a rule.
"""
