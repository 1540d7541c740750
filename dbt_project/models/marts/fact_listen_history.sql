with

sessions as (

    select * from {{ ref('int_sessions') }}
    where
        is_winner
        {% if is_incremental() %}
        and {{ is_changed('user_id, started_at') }}
        {% endif %}

),

listens as (

    select
        user_id,
        {{ unnest_with_position('track_ids', 'track_id', 'session_position') }},
        started_at as listened_at,
        load_date,
        etl_updated_at,
        load_id
    from sessions

)

select
    user_id,
    track_id,
    listened_at,
    load_date,
    session_position,
    etl_updated_at,
    load_id{{ partition_day('listened_at') }}
from listens
