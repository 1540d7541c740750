with

measured as (

    select * from {{ source('records', 'table_freshness') }}

),

newest_of_a_run as (

    select
        *,
        row_number() over (
            partition by run_id, place, table_name
            order by measured_at desc
        ) as recency
    from measured

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
from newest_of_a_run
where recency = 1
