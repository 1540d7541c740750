-- Accepted records = current + superseded + repeated + quarantined, counted on records.
{{ unaccounted_records(
    table='listen_history',
    staged=ref('stg_raw__listen_history'),
    known=ref('int_sessions'),
    quarantine=ref('quarantine_listen_history'),
    is_kept='known.user_id = records.user_id and known.started_at = records.started_at
        and known.is_winner
        and (known.updated_at >= records.updated_at or records.updated_at is null)
        and ' ~ on_new_days(),
) }}
