with

findings as (

    select * from {{ source('records', 'quality_results') }}

)

select
    run_id,
    load_id,
    day,
    table_name,
    column_name,
    expectation,
    rule,
    severity,
    outcome = 'passed' as is_met,
    outcome = 'failed' and severity = 'error' as refuses,
    observed,
    evaluated,
    unexpected,
    checked_at
from findings
