-- Accepted records = current + superseded + repeated + quarantined, counted on records.
{{ unaccounted_records(
    table='tracks',
    staged=ref('stg_raw__tracks'),
    known=ref('int_track_versions'),
    quarantine=ref('quarantine_tracks'),
    is_kept=same_version('track_id'),
) }}
