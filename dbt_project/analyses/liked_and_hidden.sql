-- Which artists are liked, and which hidden? Each user's newest word on a track counts.
with

events as (

    select * from {{ ref('fact_feedback') }}

),

cleared as (

    select
        user_id,
        max(event_id) as cleared_by
    from events
    where kind = 'clear'
    group by user_id

),

opinions as (

    select
        events.user_id,
        events.track_id,
        events.kind,
        row_number() over (
            partition by events.user_id, events.track_id
            order by events.event_id desc
        ) as place
    from events
    left join cleared on events.user_id = cleared.user_id
    where
        events.kind in ('like', 'unlike', 'hide', 'unhide')
        and events.event_id > coalesce(cleared_by, 0)

)

select
    artist,
    count(case when kind = 'like' then 1 end) as likes,
    count(case when kind = 'hide' then 1 end) as hides
from opinions
inner join {{ ref('dim_tracks') }} using (track_id)
where place = 1 and kind in ('like', 'hide') and artist is not null
group by artist
order by likes desc, hides asc, artist asc
