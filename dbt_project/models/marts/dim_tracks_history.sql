{{ config(unique_key='track_id') }}

{{ member_history(ref('int_track_versions'), 'track_id', track_attributes()) }}
