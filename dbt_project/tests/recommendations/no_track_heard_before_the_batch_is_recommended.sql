-- Within the days that are left out, and by what the batch could know: its data ends at
-- data_as_of, and what was delivered later, a track heard this morning, fails nothing.
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
    {{ known_to_batch() }}
    and listened_at >= data_as_of - interval {{ exclude_days() }} day
