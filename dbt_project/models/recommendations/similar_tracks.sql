with

batch as (

    {{ champion_batch() }}

),

predictions as (

    select * from {{ source('ml', 'similar_tracks') }}

)

select
    track_id,
    rank,
    similar_track_id,
    similarity,
    model_version,
    run_id,
    data_as_of,
    made_at
from predictions
inner join batch using (model_version, run_id)
