with

cut_offs as (

    select * from {{ each_cut_off() }}

),

listens as (

    select
        user_id,
        track_id,
        listened_at
    from {{ ref('fact_listen_history') }}

),

feedback as (

    select
        event_id,
        user_id,
        track_id,
        kind,
        happened_at
    from {{ ref('fact_feedback') }}
    where kind in ('like', 'unlike', 'skip')

),

played as (

    select
        as_of,
        user_id,
        track_id,
        count(*) as plays,
        min(listened_at) as first_played_at,
        max(listened_at) as last_played_at,
        sum({{ decay('listened_at', 'as_of') }}) as decayed_plays
    from listens
    inner join cut_offs on listened_at < as_of
    group by as_of, user_id, track_id

),

-- Of likes and unlikes, what happened last decides.
numbered as (

    select
        as_of,
        user_id,
        track_id,
        kind,
        row_number() over (
            partition by
                as_of,
                user_id,
                track_id,
                case when kind = 'skip' then 'skip' else 'like' end
            order by happened_at desc, event_id desc
        ) as recency
    from feedback
    inner join cut_offs on happened_at < as_of

),

reactions as (

    select
        as_of,
        user_id,
        track_id,
        max(case when kind = 'like' and recency = 1 then 1 else 0 end) as likes,
        count(case when kind = 'skip' then 1 end) as skips
    from numbered
    group by as_of, user_id, track_id

),

pairs as (

    select
        as_of,
        user_id,
        track_id,
        first_played_at,
        last_played_at,
        coalesce(plays, 0) as plays,
        coalesce(decayed_plays, 0) as decayed_plays,
        coalesce(likes, 0) as likes,
        coalesce(skips, 0) as skips,
        ln(1 + plays) as loudness
    from played
    full outer join reactions using (as_of, user_id, track_id)

),

-- Without a user's own measure the most active would drown the others.
usual as (

    select
        *,
        avg(loudness) over (partition by as_of, user_id) as usual_loudness
    from pairs

),

weighed as (

    select
        *,
        case
            when plays = 0 then 0
            else least(greatest(loudness / usual_loudness, 0.2), 3.0)
        end as own_weight
    from usual

)

select
    as_of,
    user_id,
    track_id,
    plays,
    first_played_at,
    last_played_at,
    -- A like says as much as a play of the usual weight; a skip takes a play back.
    least(own_weight + likes, 3.0) * ((1 + plays) / (1 + plays + skips)) as weight,
    decayed_plays as decayed_weight,
    likes = 1 as is_liked,
    skips
from weighed
