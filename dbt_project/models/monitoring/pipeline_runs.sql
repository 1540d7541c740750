with

events as (

    select * from {{ source('records', 'runs') }}

),

steps as (

    select * from {{ ref('pipeline_steps') }}

),

whole as (

    select
        run_id,
        any_value(command) as command,
        max(as_of) as as_of,
        min("at") filter (where event = 'started') as started_at,
        max("at") filter (where event = 'finished') as finished_at,
        max(outcome) as outcome,
        max(error) as error
    from events
    group by run_id

),

failed as (

    select
        run_id,
        arg_min(step, started_at) as failed_step
    from steps
    where outcome != 'succeeded'
    group by run_id

)

select
    run_id,
    command,
    cast(coalesce(as_of, started_at, finished_at) as date) as day,
    {{ outcome_of('outcome', 'finished_at') }} as outcome,
    failed_step,
    error,
    epoch(finished_at - started_at) as seconds,
    as_of,
    started_at,
    finished_at
from whole
left join failed using (run_id)
