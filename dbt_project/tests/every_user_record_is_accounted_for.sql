-- Accepted records = current + superseded + repeated + quarantined, counted on records.
{{ unaccounted_records(
    table='users',
    staged=ref('stg_raw__users'),
    known=ref('int_user_versions'),
    quarantine=ref('quarantine_users'),
    is_kept=same_version('user_id'),
) }}
