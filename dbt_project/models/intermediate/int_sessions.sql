{{ config(unique_key=['user_id', 'started_at']) }}

with

records as (

    select
        cast(user_id as integer) as user_id,
        started_at,
        cast(track_ids as {{ list_of('integer') }}) as track_ids,
        updated_at,
        load_id,
        etl_updated_at
    from {{ ref('stg_raw__listen_history') }}
    where
        violated_rule is null
        {% if is_incremental() %}
        and {{ in_new_loads() }}
        {% endif %}

),

{% if is_incremental() %}
known as (

    select
        user_id,
        started_at,
        track_ids,
        updated_at,
        load_id,
        etl_updated_at
    from {{ this }}
    {{ touched_by('records', key='user_id, started_at') }}

),
{% endif %}

delivered as (

    select * from records
    {% if is_incremental() %}
    union all
    select * from known
    {% endif %}

),

dated as (

    select
        *,
        max(updated_at) over (partition by user_id, started_at) as newest_updated_at
    from delivered

),

-- Delivered again, a content keeps its first load.
contents as (

    select
        user_id,
        started_at,
        track_ids,
        updated_at,
        min(load_id) as load_id,
        min_by(etl_updated_at, load_id) as etl_updated_at
    from dated
    where updated_at is not distinct from newest_updated_at
    group by user_id, started_at, track_ids, updated_at

),

-- Two contents of one instant: the one that came later wins, whatever was repeated since.
-- The other stays, for what comes tomorrow must be compared with both.
decided as (

    select
        user_id,
        started_at,
        track_ids,
        {{ list_length('track_ids') }} as listens,
        row_number() over (
            partition by user_id, started_at
            order by load_id desc, track_ids asc
        ) = 1 as is_winner,
        updated_at,
        cast(etl_updated_at as date) as load_date,
        etl_updated_at,
        load_id{{ partition_day('started_at') }}
    from contents

)

select * from decided
