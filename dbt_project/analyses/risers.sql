-- Which artists rise? Listens of the newest 28 days against the 28 days before.
with

listens as (

    select
        track_id,
        listened_at
    from {{ ref('fact_listen_history') }}

),

bounds as (

    select cast(max(listened_at) as date) - interval 27 day as window_begin from listens

),

counted as (

    select
        artist,
        count(case when listened_at >= window_begin then 1 end) as listens,
        count(case when listened_at < window_begin then 1 end) as listens_before
    from listens
    cross join bounds
    inner join {{ ref('dim_tracks') }} using (track_id)
    where listened_at >= window_begin - interval 28 day and artist is not null
    group by artist

)

select
    artist,
    listens,
    listens_before,
    listens - listens_before as gained
from counted
where listens > listens_before
order by gained desc, artist asc
limit 20
