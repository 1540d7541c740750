-- Of the newest day: every user that its batch could know, unless there was no track.
with

batch as (

    select * from {{ ref('playlist_batches') }}
    where is_newest

),

known as (

    select user_id
    from {{ ref('dim_users') }}
    cross join batch
    where etl_updated_at <= data_as_of

),

own as (

    select distinct user_id
    from {{ ref('playlists') }}
    inner join batch using (day)

)

select known.user_id
from known
left join own on known.user_id = own.user_id
where own.user_id is null
