-- Of what `discover` showed on the day before, as the newest batch knew it, and what
-- was not heard until then, at least a third is not in it. Where that is a single track,
-- there may be no other.
with

batches as (

    select * from {{ ref('playlist_batches') }}

),

batch as (

    select
        newest.day,
        newest.data_as_of,
        former.day as day_before
    from batches as newest
    inner join batches as former on newest.previous_run_id = former.run_id
    where newest.is_newest

),

playlists as (

    select
        playlist_id,
        day
    from {{ ref('playlists') }}
    where kind = 'discover'

),

tracks as (

    select
        playlist_id,
        day,
        track_id,
        user_id
    from {{ ref('playlist_tracks') }}
    inner join playlists using (playlist_id, day)

),

heard as (

    select distinct
        user_id,
        track_id
    from {{ ref('fact_listen_history') }}
    cross join batch
    where {{ known_to_batch() }}

),

shown_before as (

    select
        tracks.playlist_id,
        tracks.track_id
    from tracks
    inner join batch on tracks.day = batch.day_before
    left join heard
        on
            tracks.user_id = heard.user_id
            and tracks.track_id = heard.track_id
    where heard.track_id is null

),

shown_now as (

    select
        tracks.playlist_id,
        tracks.track_id
    from tracks
    inner join batch on tracks.day = batch.day

)

select
    shown_before.playlist_id,
    count(*) as shown_before,
    count(shown_now.track_id) as shown_again
from shown_before
left join shown_now
    on
        shown_before.playlist_id = shown_now.playlist_id
        and shown_before.track_id = shown_now.track_id
group by shown_before.playlist_id
having count(*) > 1 and 3 * count(shown_now.track_id) > 2 * count(*)
