-- How do new tracks start? Listens in their first seven days of tracks of the newest 30.
with

listens as (

    select
        user_id,
        track_id,
        listened_at
    from {{ ref('fact_listen_history') }}

),

newest as (

    select cast(max(listened_at) as date) as last_day from listens

),

tracks as (

    select
        track_id,
        name,
        artist,
        created_at
    from {{ ref('dim_tracks') }}
    cross join newest
    where
        created_at >= last_day - interval 29 day
        and created_at < last_day + interval 1 day

)

select
    tracks.track_id,
    any_value(name) as name,
    any_value(artist) as artist,
    count(listens.user_id) as listens,
    count(distinct listens.user_id) as listeners
from tracks
left join listens
    on
        tracks.track_id = listens.track_id
        and tracks.created_at <= listens.listened_at
        and listens.listened_at < tracks.created_at + interval 7 day
group by tracks.track_id
order by listeners desc, listens desc, tracks.track_id asc
