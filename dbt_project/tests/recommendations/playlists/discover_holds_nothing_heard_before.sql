-- Of the newest day: what its batch could know to have been heard, however long ago, is
-- neither in `discover` nor in `release_radar`.
with

batch as (

    select * from {{ ref('playlist_batches') }}
    where is_newest

),

playlists as (

    select
        playlist_id,
        day
    from {{ ref('playlists') }}
    where kind in ('discover', 'release_radar')

),

listens as (

    select * from {{ ref('fact_listen_history') }}

)

select
    playlist_id,
    track_id,
    listened_at
from {{ ref('playlist_tracks') }}
inner join batch using (day)
inner join playlists using (playlist_id, day)
inner join listens using (user_id, track_id)
where {{ known_to_batch() }}
