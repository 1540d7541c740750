-- As long as the longest list of the batch, unless so many tracks were heard lately that
-- fewer are left; ranks count from 1 without a gap.
with

recommendations as (

    select * from {{ ref('recommendations') }}

),

batch as (

    select
        max(rank) as k,
        count(distinct track_id) as tracks,
        max(data_as_of) as data_as_of
    from recommendations
    having count(*) > 0

),

active as (

    select
        user_id,
        count(distinct case
            when listened_at >= data_as_of - interval {{ exclude_days() }} day
                then track_id
        end) as heard_lately
    from {{ ref('fact_listen_history') }}
    cross join batch
    where {{ known_to_batch() }}
    group by user_id

),

lists as (

    select
        user_id,
        count(*) as listed,
        max(rank) as last_rank,
        min(rank) as first_rank
    from recommendations
    group by user_id

)

select
    user_id,
    listed,
    heard_lately
from batch
cross join active
full outer join lists using (user_id)
where
    coalesce(listed, 0) < least(k, tracks - heard_lately)
    or last_rank <> listed
    or first_rank <> 1
