{{ config(alias='listen_history', unique_key='load_id') }}

{{ quarantined_records(ref('stg_raw__listen_history')) }}
