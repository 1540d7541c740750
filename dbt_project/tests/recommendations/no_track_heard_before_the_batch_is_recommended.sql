-- Within the days that are left out, and by what the batch could know: its data ends at
-- data_as_of, and what was delivered later, a track heard this morning, fails nothing.
-- Where nothing else is left, tracks are recommended again and marked so; another test
-- sees that nothing else was left.
with

recommendations as (

    select * from {{ ref('recommendations') }}

),

listens as (

    select * from {{ ref('fact_listen_history') }}

)

select
    user_id,
    track_id,
    rank,
    listened_at
from recommendations
inner join listens using (user_id, track_id)
where
    strategy <> 'again'
    and {{ known_to_batch() }}
    and listened_at >= data_as_of - interval {{ exclude_days() }} day
