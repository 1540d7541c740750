with

batch as (

    {{ champion_batch() }}

),

predictions as (

    select * from {{ source('ml', 'recommendations') }}

)

select
    user_id,
    rank,
    track_id,
    score,
    strategy,
    because_track_id,
    coalesce(arm_version, model_version) as model_version,
    arm,
    run_id,
    data_as_of,
    made_at
from predictions
inner join batch using (model_version, run_id)
