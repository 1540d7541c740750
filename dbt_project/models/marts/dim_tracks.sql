{{ config(unique_key='track_id') }}

{{ current_members(
    history=ref('dim_tracks_history'),
    versions=ref('int_track_versions'),
    key='track_id',
    attributes=track_attributes(),
) }}
