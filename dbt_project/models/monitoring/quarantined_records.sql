with

counted as (

    select * from {{ source('records', 'quarantined_records') }}

),

newest as (

    select
        *,
        row_number() over (
            partition by load_id, place, table_name, reason
            order by measured_at desc
        ) as recency
    from counted

)

select
    load_id,
    cast(as_of as date) as day,
    place,
    table_name,
    reason,
    records,
    run_id,
    measured_at
from newest
where recency = 1
