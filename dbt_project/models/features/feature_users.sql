with

cut_offs as (

    select * from {{ each_cut_off() }}

),

versions as (

    select * from {{ ref('dim_users_history') }}

),

listens as (

    select
        user_id,
        track_id,
        listened_at
    from {{ ref('fact_listen_history') }}

),

known as (

    select
        as_of,
        user_id,
        favorite_genres as favorite_genre,
        {{ midnights_between('least(created_at, as_of)', 'as_of') }} as tenure_days
    from versions
    inner join cut_offs
        on coalesce(valid_from < as_of, true)
            and coalesce(valid_to >= as_of, true)

),

active as (

    select
        as_of,
        user_id,
        count(*) as plays,
        count(distinct track_id) as tracks,
        count(distinct cast(listened_at as date)) as active_days
    from listens
    inner join cut_offs on listened_at < as_of
    group by as_of, user_id

)

select
    as_of,
    user_id,
    favorite_genre,
    coalesce(plays, 0) as plays,
    coalesce(tracks, 0) as tracks,
    coalesce(active_days, 0) as active_days,
    cast(tenure_days as integer) as tenure_days
from known
full outer join active using (as_of, user_id)
