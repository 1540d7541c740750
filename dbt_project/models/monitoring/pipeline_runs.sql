-- Built by who holds the writer lock, after the run: what has no end never had one.
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
        min("at") filter (where event = 'started') as began_at,
        max("at") filter (where event = 'finished') as ended_at,
        max(outcome) as outcome,
        max(error) as error
    from events
    group by run_id

),

failed as (

    select
        run_id,
        arg_min(step, began_at) as failed_step
    from steps
    where outcome != 'succeeded'
    group by run_id

)

select
    run_id,
    command,
    cast(coalesce(as_of, began_at, ended_at) as date) as day,
    coalesce(outcome, 'crashed') as outcome,
    failed_step,
    error,
    epoch(ended_at - began_at) as seconds,
    as_of as run_clock,
    began_at,
    ended_at
from whole
left join failed using (run_id)
