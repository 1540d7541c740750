-- Of those who began in a week, how many listened again in each week after it?
with

listens as (

    select
        user_id,
        cast(listened_at as date) as listened_on
    from {{ ref('fact_listen_history') }}

),

firsts as (

    select
        user_id,
        min(listened_on) as first_on
    from listens
    group by user_id

),

seen as (

    select distinct
        user_id,
        cast(date_trunc('week', first_on) as date) as cohort,
        cast(
            floor({{ days_between('listened_on', 'first_on') }} / 7) as integer
        ) as weeks_later
    from listens
    inner join firsts using (user_id)

),

sizes as (

    select
        cohort,
        count(distinct user_id) as listeners
    from seen
    group by cohort

)

select
    cohort,
    weeks_later,
    any_value(listeners) as listeners,
    count(*) as came_back,
    count(*) * 1.0 / any_value(listeners) as share_back
from seen
inner join sizes using (cohort)
group by cohort, weeks_later
order by cohort, weeks_later
