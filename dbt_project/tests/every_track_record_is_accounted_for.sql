-- Accepted records = current + superseded + repeated + set aside, counted on records.
{{ unaccounted_records(
    table='tracks',
    staged=ref('stg_tracks'),
    known=ref('track_versions'),
    quarantine=ref('quarantine_tracks'),
    is_kept='known.track_id = records.track_id and known.updated_at is not distinct from records.updated_at',
) }}
