with

results as (

    select * from {{ source('records', 'dbt_results') }}

)

select
    run_id,
    invocation_id,
    node_id,
    node_name,
    day,
    command,
    resource_type,
    status,
    status in ('error', 'fail', 'runtime error') as is_failed,
    seconds,
    failures,
    message,
    finished_at
from results
