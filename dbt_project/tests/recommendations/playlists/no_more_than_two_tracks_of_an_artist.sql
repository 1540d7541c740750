-- Of the newest day; tracks that came or changed after the batch may have another artist.
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
    where kind <> 'on_repeat'

),

artists as (

    select
        track_id,
        artist,
        etl_updated_at
    from {{ ref('dim_tracks') }}
    where artist is not null

)

select
    playlist_id,
    artist,
    count(*) as tracks
from {{ ref('playlist_tracks') }}
inner join batch using (day)
inner join playlists using (playlist_id, day)
inner join artists using (track_id)
where etl_updated_at <= data_as_of
group by playlist_id, artist
having count(*) > 2
