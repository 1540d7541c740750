{{ config(unique_key='track_id') }}

{{ member_versions(ref('stg_raw__tracks'), 'track_id', track_attributes()) }}
