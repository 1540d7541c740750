{{ config(alias='tracks', unique_key='load_id') }}

select * from {{ ref('stg_tracks') }}
where
    broken_rule is not null
    {% if is_incremental() %}
    and {{ in_new_loads() }}
    {% endif %}
