{{ config(alias='users', unique_key='load_id') }}

{{ quarantined_records(ref('stg_raw__users')) }}
