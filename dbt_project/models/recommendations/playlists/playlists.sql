with

batches as (

    select * from {{ ref('playlist_batches') }}

),

tracks as (

    select * from {{ source('ml', 'playlist_tracks') }}

),

playlists as (

    select
        user_id,
        kind,
        number,
        title,
        description,
        arm,
        arm_version,
        model_version,
        run_id,
        count(*) as tracks
    from tracks
    group by
        user_id, kind, number, title, description, arm, arm_version, model_version, run_id

)

select
    {{ playlist_id() }} as playlist_id,
    user_id,
    kind,
    title,
    description,
    tracks,
    day,
    coalesce(arm_version, model_version) as model_version,
    arm,
    run_id,
    data_as_of,
    made_at
from playlists
inner join batches using (model_version, run_id)
