with

steps as (

    select * from {{ ref('pipeline_steps') }}

)

select
    day,
    command,
    step,
    count(*) as executions,
    count(*) filter (where outcome = 'succeeded') as succeeded,
    count(*) filter (where outcome != 'succeeded') as failed,
    avg(case when outcome = 'succeeded' then 1.0 else 0.0 end) as success_rate,
    cast(sum(attempts - 1) as bigint) as repeated,
    median(seconds) as median_seconds
from steps
group by day, command, step
