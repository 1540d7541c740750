-- The batch knows all but the last three days of what the marts hold.
{{ batch_is_stale(ref('recommendations')) }}
