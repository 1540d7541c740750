-- Who stopped? Users who listened on five or more of the 28 days before the newest 28,
-- and on none since.
with

days as (

    select distinct
        user_id,
        cast(listened_at as date) as listened_on
    from {{ ref('fact_listen_history') }}

),

bounds as (

    select max(listened_on) - interval 27 day as window_begin from days

),

counted as (

    select
        user_id,
        count(case when listened_on < window_begin then 1 end) as days_before,
        count(case when listened_on >= window_begin then 1 end) as days_since,
        max(listened_on) as last_listened_on
    from days
    cross join bounds
    where listened_on >= window_begin - interval 28 day
    group by user_id

)

select
    user_id,
    days_before,
    last_listened_on
from counted
where days_before >= 5 and days_since = 0
order by days_before desc, user_id asc
