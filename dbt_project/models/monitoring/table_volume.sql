with

measured as (

    select * from {{ source('records', 'table_volume') }}

),

newest_of_a_day as (

    select
        *,
        row_number() over (
            partition by place, table_name, cast(as_of as date)
            order by as_of desc, measured_at desc
        ) as recency
    from measured

)

select
    cast(as_of as date) as day,
    place,
    table_name,
    rows as row_count,
    bytes,
    files,
    rows - lag(rows) over (partition by place, table_name order by as_of) as rows_added,
    run_id,
    measured_at
from newest_of_a_day
where recency = 1
