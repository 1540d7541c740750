-- When do people listen? Sessions by weekday (1 is Monday) and hour, UTC.
with

sessions as (

    select distinct
        user_id,
        listened_at
    from {{ ref('fact_listen_history') }}

)

select
    cast(extract(isodow from listened_at) as integer) as day_of_week,
    cast(extract(hour from listened_at) as integer) as hour_of_day,
    count(*) as sessions
from sessions
group by day_of_week, hour_of_day
order by day_of_week, hour_of_day
