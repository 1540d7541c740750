{{ config(materialized='incremental', unique_key=['user_id', 'session_started_at']) }}

with sessions as (
    select user_id, created_at as session_started_at, updated_at, from_json(items, '["INTEGER"]') as items
    from {{ source('raw', 'listen_history') }}
    {% if is_incremental() %}
    where updated_at >= (select max(updated_at) from {{ this }})
    {% endif %}
)

select
    user_id,
    session_started_at,
    updated_at,
    generate_subscripts(items, 1) as session_position,
    unnest(items) as track_id
from sessions
