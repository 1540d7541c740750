{{ config(unique_key='user_id') }}

{{ member_versions(ref('stg_raw__users'), 'user_id', user_attributes()) }}
