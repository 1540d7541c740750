{{ config(unique_key='user_id') }}

{%- set columns %}
        event_id,
        event_key,
        user_id,
        track_id,
        kind,
        playlist_id,
        playlist_position,
        happened_at,
        received_at,
        load_date,
        etl_updated_at,
        load_id
{%- endset %}

with

records as (

    select {{ columns }}
    from {{ ref('stg_raw__feedback') }}
    {% if is_incremental() %}
    where {{ in_new_loads() }}
    {% endif %}

),

delivered as (

    select * from records
    {% if is_incremental() %}
    union all
    select {{ columns }}
    from {{ this }}
    where user_id in (select user_id from records)
    {% endif %}

),

dated as (

    select
        *,
        max(case when kind = 'clear' then event_id end) over (
            partition by user_id
        ) as cleared_by
    from delivered

),

-- What a user cleared is void. Of a key, the event that arrived first counts.
numbered as (

    select
        *,
        row_number() over (
            partition by user_id, event_key
            order by event_id asc, load_id asc
        ) as delivery
    from dated
    where cleared_by is null or event_id >= cleared_by

)

select {{ columns }}
from numbered
where delivery = 1
