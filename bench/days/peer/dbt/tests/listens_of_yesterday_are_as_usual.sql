with days as (
    select cast(session_started_at as date) as day, count(*) as listens
    from {{ ref('fact_listen_history') }}
    group by all
),

newest as (select max(day) as day from days)

select days.day, days.listens
from days
inner join newest on days.day = newest.day - 1
where days.listens < 0.2 * (select avg(listens) from days where day < (select day - 1 from newest))
