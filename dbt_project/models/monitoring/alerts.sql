with

sent as (

    select * from {{ source('records', 'alerts') }}

)

select
    run_id,
    day,
    step,
    kind as alert,
    severity,
    reason,
    channel,
    outcome as delivery,
    sent_at
from sent
