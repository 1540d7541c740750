with

events as (

    select * from {{ source('records', 'steps') }}

),

runs as (

    select
        run_id,
        any_value(command) as command,
        max(as_of) as as_of
    from {{ source('records', 'runs') }}
    group by run_id

),

-- A run may take a step more than once, as it publishes: the time between does not count.
timed as (

    select
        *,
        lag("at") over (
            partition by run_id, step
            order by "at" asc, event desc
        ) as earlier_at
    from events

),

whole as (

    select
        run_id,
        step,
        min("at") filter (where event = 'started') as began_at,
        max("at") filter (where event = 'finished') as ended_at,
        max("at") filter (where event = 'started') as last_begun_at,
        arg_max(outcome, "at") filter (where event = 'finished') as outcome,
        arg_max(error, "at") filter (
            where event = 'finished' and error is not null
        ) as error,
        arg_max(rows, "at") filter (where event = 'finished') as row_count,
        count(*) filter (where event = 'started') as times_begun,
        sum(coalesce(attempts, 1)) filter (where event = 'finished') as attempts,
        sum(epoch("at" - earlier_at)) filter (where event = 'finished') as seconds
    from timed
    group by run_id, step

)

select
    run_id,
    command,
    step,
    cast(coalesce(as_of, began_at, ended_at) as date) as day,
    case
        when ended_at is null or last_begun_at > ended_at then 'crashed'
        else outcome
    end as outcome,
    case when outcome != 'succeeded' then error end as error,
    cast(greatest(times_begun, coalesce(attempts, 0)) as bigint) as attempts,
    row_count,
    seconds,
    began_at,
    ended_at
from whole
left join runs using (run_id)
