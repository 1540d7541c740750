-- How long are sessions? How many sessions have so many listens.
with

sessions as (

    select
        user_id,
        listened_at,
        count(*) as listens
    from {{ ref('fact_listen_history') }}
    group by user_id, listened_at

)

select
    listens,
    count(*) as sessions,
    sum(count(*)) over (order by listens) * 1.0 / sum(count(*)) over () as share_up_to
from sessions
group by listens
order by listens
