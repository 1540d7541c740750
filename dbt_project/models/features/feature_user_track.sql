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

pairs as (

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

-- Without a user's own measure the most active would drown the others.
weighed as (

    select
        *,
        ln(1 + plays) as loudness,
        avg(ln(1 + plays)) over (partition by as_of, user_id) as usual_loudness
    from pairs

)

select
    as_of,
    user_id,
    track_id,
    plays,
    first_played_at,
    last_played_at,
    least(greatest(loudness / usual_loudness, 0.2), 3.0) as weight,
    decayed_plays as decayed_weight
from weighed
