-- Accepted records = current + superseded + repeated + set aside, counted on records.
{{ unaccounted_records(
    table='users',
    staged=ref('stg_users'),
    known=ref('user_versions'),
    quarantine=ref('quarantine_users'),
    is_kept='known.user_id = records.user_id and known.updated_at is not distinct from records.updated_at',
) }}
