with

events as (

    select * from {{ source('ops', 'experiments') }}

),

started as (

    select * from events
    where event = 'started'

),

stopped as (

    select
        name,
        reason,
        as_of as ends_at
    from events
    where event = 'stopped'

)

select
    concat(started.name, '/', started.arm) as arm,
    started.name as experiment,
    started.arm_number = 0 as is_control,
    started.share,
    started.model_version,
    started.settings,
    started.users_from,
    started.users_until,
    started.kind,
    started.within_days,
    started.planned_difference,
    stopped.reason as stop_reason,
    started.as_of as begins_at,
    stopped.ends_at
from started
left join stopped on started.name = stopped.name
