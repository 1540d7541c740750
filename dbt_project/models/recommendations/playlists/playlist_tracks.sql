with

batches as (

    select * from {{ ref('playlist_batches') }}

),

tracks as (

    select * from {{ source('ml', 'playlist_tracks') }}

)

select
    {{ playlist_id() }} as playlist_id,
    user_id,
    day,
    position,
    track_id,
    reason,
    because_track_id
from tracks
inner join batches using (model_version, run_id)
