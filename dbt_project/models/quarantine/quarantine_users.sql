{{ config(alias='users', unique_key='load_id') }}

select * from {{ ref('stg_users') }}
where
    broken_rule is not null
    {% if is_incremental() %}
    and {{ in_new_loads() }}
    {% endif %}
