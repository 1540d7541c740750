{{ config(unique_key='user_id') }}

{{ member_history(ref('int_user_versions'), 'user_id', user_attributes()) }}
