with

batches as (

    {{ batches_that_count(var('playlist_days'), with_playlists=true) }}

)

select
    day,
    model_version,
    run_id,
    previous_run_id,
    data_as_of,
    made_at,
    is_newest
from batches
