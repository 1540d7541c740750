-- How much of all listening do the most played tracks get?
with

counted as (

    select
        track_id,
        count(*) as listens
    from {{ ref('fact_listen_history') }}
    group by track_id

),

ranked as (

    select
        track_id,
        listens,
        row_number() over (order by listens desc, track_id asc) as place,
        count(*) over () as all_tracks,
        sum(listens) over () as all_listens
    from counted

),

tops as (

    select 1 as top_percent
    union all
    select 10 as top_percent
    union all
    select 50 as top_percent

)

select
    top_percent,
    count(*) as tracks,
    cast(sum(listens) as bigint) as listens,
    sum(listens) * 1.0 / any_value(all_listens) as share_of_listens
from tops
inner join ranked on place <= ceil(all_tracks * top_percent / 100.0)
group by top_percent
order by top_percent
