-- Every user that the batch could know has a list as long as the longest one, or as there
-- are tracks that the user never hid; only where all else is listed are there tracks of
-- `again`. Ranks count from 1 without a gap.
with

recommendations as (

    select * from {{ ref('recommendations') }}

),

batch as (

    select
        max(rank) as k,
        max(data_as_of) as data_as_of
    from recommendations
    having count(*) > 0

),

known as (

    select user_id
    from {{ ref('dim_users') }}
    cross join batch
    where etl_updated_at <= data_as_of

),

catalogue as (

    select count(*) as tracks
    from {{ ref('dim_tracks') }}
    cross join batch
    where etl_updated_at <= data_as_of

),

heard as (

    select
        user_id,
        count(distinct track_id) as heard_lately
    from {{ ref('fact_listen_history') }}
    cross join batch
    where
        {{ known_to_batch() }}
        and listened_at >= data_as_of - interval {{ exclude_days() }} day
    group by user_id

),

hidden as (

    select
        user_id,
        count(distinct track_id) as gone
    from {{ ref('fact_feedback') }}
    where kind = 'hide'
    group by user_id

),

lists as (

    select
        user_id,
        count(*) as listed,
        sum(case when strategy = 'again' then 0 else 1 end) as listed_new,
        max(rank) as last_rank,
        min(rank) as first_rank
    from recommendations
    group by user_id

)

select
    user_id,
    listed,
    listed_new,
    heard_lately
from batch
cross join catalogue
cross join known
full outer join lists using (user_id)
left join heard using (user_id)
left join hidden using (user_id)
where
    coalesce(listed, 0) < least(k, tracks - coalesce(gone, 0))
    or listed_new < least(k, tracks - coalesce(heard_lately, 0) - coalesce(gone, 0))
    or last_rank <> listed
    or first_rank <> 1
