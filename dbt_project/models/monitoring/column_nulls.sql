with

counted as (

    select * from {{ source('records', 'column_nulls') }}

)

select
    run_id,
    load_id,
    day,
    place,
    table_name,
    column_name,
    rows as row_count,
    nulls as null_count,
    case when rows > 0 then nulls / rows end as null_share,
    measured_at
from counted
