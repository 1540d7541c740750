with

listens as (

    select
        user_id,
        track_id,
        listened_at
    from {{ ref('fact_listen_history') }}

),

-- The thirty days before the newest listen, the listen included.
bounds as (

    select
        max(listened_at) - interval 30 day as window_from,
        max(listened_at) + interval 1 microsecond as window_until
    from listens

),

counted as (

    select
        track_id,
        window_from,
        window_until,
        count(*) as listens,
        count(distinct user_id) as listeners
    from listens
    inner join bounds on listened_at >= window_from and listened_at < window_until
    group by track_id, window_from, window_until

),

ranked as (

    select
        *,
        row_number() over (order by listeners desc, listens desc, track_id asc) as rank
    from counted

)

select
    cast(rank as integer) as rank,
    track_id,
    listens,
    listeners,
    window_from,
    window_until
from ranked
where rank <= 500
