with

changes as (

    select * from {{ source('records', 'schema_changes') }}

)

select
    run_id,
    load_id,
    day,
    table_name,
    column_name,
    change,
    was,
    is_now,
    was is null as is_new_column,
    seen_at
from changes
