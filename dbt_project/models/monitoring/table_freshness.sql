with

measured as (

    select * from {{ source('records', 'table_freshness') }}

)

select
    run_id,
    cast(as_of as date) as day,
    place,
    table_name,
    status,
    age_hours,
    warn_after_hours,
    error_after_hours,
    age_hours / error_after_hours as share_of_limit,
    newest_at,
    as_of as run_clock,
    measured_at
from measured
