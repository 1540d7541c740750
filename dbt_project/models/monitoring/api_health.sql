with

checks as (

    select * from {{ source('records', 'api_health') }}

)

select
    run_id,
    day,
    api_url,
    outcome as answer,
    outcome in ('ok', 'absent') as is_healthy,
    status as http_status,
    error,
    response_ms,
    api_clock,
    checked_at
from checks
