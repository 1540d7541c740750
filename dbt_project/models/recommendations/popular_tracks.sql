with

tracks as (

    select
        track_id,
        etl_updated_at
    from {{ ref('dim_tracks') }}

),

listens as (

    select
        user_id,
        track_id,
        listened_at
    from {{ ref('fact_listen_history') }}

),

-- Where there is no listen yet, the newest load takes the place of the newest one.
newest as (

    select coalesce(max(listened_at), max(etl_updated_at)) as newest_at
    from tracks
    left join listens using (track_id)

),

-- The thirty days before the newest listen, the listen included.
bounds as (

    select
        newest_at - interval 30 day as window_from,
        newest_at + interval 1 microsecond as window_until
    from newest

),

counted as (

    select
        track_id,
        count(*) as listens,
        count(distinct user_id) as listeners
    from listens
    inner join bounds on listened_at >= window_from and listened_at < window_until
    group by track_id

),

ranked as (

    select
        track_id,
        coalesce(listens, 0) as listens,
        coalesce(listeners, 0) as listeners,
        row_number() over (
            order by
                coalesce(listeners, 0) desc,
                coalesce(listens, 0) desc,
                track_id asc
        ) as rank
    from tracks
    left join counted using (track_id)

)

select
    cast(rank as integer) as rank,
    track_id,
    listens,
    listeners,
    window_from,
    window_until
from ranked
cross join bounds
where rank <= 500
