{{ config(alias='listen_history', unique_key='load_id') }}

select * from {{ ref('stg_listen_history') }}
where
    broken_rule is not null
    {% if is_incremental() %}
    and {{ in_new_loads() }}
    {% endif %}
