with

cut_offs as (

    select * from {{ each_cut_off() }}

),

versions as (

    select * from {{ ref('dim_tracks_history') }}

),

listens as (

    select
        track_id,
        user_id,
        listened_at
    from {{ ref('fact_listen_history') }}

),

known as (

    select
        as_of,
        track_id,
        artist,
        genres,
        album,
        {{ midnights_between('least(created_at, as_of)', 'as_of') }} as release_age_days
    from versions
    inner join cut_offs
        on coalesce(valid_from < as_of, true)
            and coalesce(valid_to >= as_of, true)

),

played as (

    select
        as_of,
        track_id,
        count(*) as plays,
        count(distinct user_id) as listeners,
        count(distinct case
            when listened_at >= as_of - interval 30 day then user_id
        end) as recent_listeners
    from listens
    inner join cut_offs on listened_at < as_of
    group by as_of, track_id

),

-- Of all who listened lately, how many played the track.
lately as (

    select
        as_of,
        count(distinct user_id) as listeners
    from listens
    inner join cut_offs
        on listened_at < as_of
            and listened_at >= as_of - interval 30 day
    group by as_of

)

select
    as_of,
    track_id,
    artist,
    genres,
    album,
    cast(release_age_days as integer) as release_age_days,
    coalesce(plays, 0) as plays,
    coalesce(played.listeners, 0) as listeners,
    coalesce(recent_listeners, 0) / coalesce(lately.listeners, 1)
        as popularity
from known
full outer join played using (as_of, track_id)
left join lately using (as_of)
