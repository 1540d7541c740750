with

events as (

    select * from {{ source('records', 'steps') }}

),

runs as (

    select
        run_id,
        max(as_of) as as_of
    from {{ source('records', 'runs') }}
    group by run_id

),

whole as (

    select
        run_id,
        step,
        min("at") filter (where event = 'started') as started_at,
        max("at") filter (where event = 'finished') as finished_at,
        max("at") filter (where event = 'started') as last_started_at,
        arg_max(outcome, "at") filter (where event = 'finished') as outcome,
        arg_max(error, "at") filter (where event = 'finished' and error is not null) as error,
        arg_max(rows, "at") filter (where event = 'finished') as row_count,
        count(*) filter (where event = 'started') as starts,
        sum(coalesce(attempts, 1)) filter (where event = 'finished') as attempts
    from events
    group by run_id, step

)

select
    run_id,
    step,
    cast(coalesce(as_of, started_at, finished_at) as date) as day,
    {{ outcome_of('outcome', 'finished_at', 'last_started_at') }} as outcome,
    case when outcome != 'succeeded' then error end as error,
    cast(greatest(starts, coalesce(attempts, 0)) as bigint) as attempts,
    row_count,
    epoch(finished_at - started_at) as seconds,
    started_at,
    finished_at
from whole
left join runs using (run_id)
