{{ config(unique_key='user_id') }}

{{ current_members(
    history=ref('dim_users_history'),
    versions=ref('int_user_versions'),
    key='user_id',
    attributes=user_attributes(),
) }}
