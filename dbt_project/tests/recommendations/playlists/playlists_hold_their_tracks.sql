-- Each playlist has as many tracks as it says, at positions from 1 without a gap; and no
-- track is in a playlist that is not there.
with

tracks as (

    select
        playlist_id,
        day,
        count(*) as listed,
        min(position) as first_position,
        max(position) as last_position
    from {{ ref('playlist_tracks') }}
    group by playlist_id, day

),

playlists as (

    select
        playlist_id,
        day,
        tracks as announced
    from {{ ref('playlists') }}

)

select
    playlist_id,
    day,
    announced,
    listed
from playlists
full outer join tracks using (playlist_id, day)
where
    coalesce(announced, 0) <> coalesce(listed, 0)
    or first_position <> 1
    or last_position <> listed
