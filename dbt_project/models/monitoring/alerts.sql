with

sent as (

    select * from {{ source('records', 'alerts') }}

)

select
    run_id,
    day,
    command,
    step,
    kind as alert,
    severity,
    reason,
    runbook,
    channel,
    outcome as delivery,
    error,
    sent_at
from sent
