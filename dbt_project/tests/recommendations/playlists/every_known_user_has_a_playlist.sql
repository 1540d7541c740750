-- Of the newest day: every user that its batch could know, unless it hid all tracks.
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

),

catalogue as (

    select count(*) as tracks
    from {{ ref('dim_tracks') }}

),

hidden as (

    select
        user_id,
        count(distinct track_id) as gone
    from {{ ref('fact_feedback') }}
    where kind = 'hide'
    group by user_id

)

select known.user_id
from known
cross join catalogue
left join own on known.user_id = own.user_id
left join hidden on known.user_id = hidden.user_id
where
    own.user_id is null
    and coalesce(gone, 0) < tracks
