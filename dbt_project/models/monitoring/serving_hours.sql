with

segments as (

    select * from {{ source('records', 'serving') }}

),

-- Quantiles of parts can't be added up: an hour has its slowest part's.
hours as (

    select
        hour,
        cast(sum(requests) as bigint) as requests,
        cast(sum(refused) as bigint) as refused,
        cast(sum(limited) as bigint) as limited,
        cast(sum(client_errors) as bigint) as client_errors,
        cast(sum(errors) as bigint) as errors,
        max(case when requests > 0 then p50_ms end) as p50_ms,
        max(case when requests > 0 then p99_ms end) as p99_ms,
        cast(sum(coalesce(feedback_requests, 0)) as bigint) as feedback_requests,
        cast(sum(coalesce(feedback_events, 0)) as bigint) as feedback_events,
        cast(sum(coalesce(feedback_duplicates, 0)) as bigint) as feedback_duplicates,
        cast(sum(coalesce(feedback_client_errors, 0)) as bigint)
            as feedback_client_errors,
        cast(sum(coalesce(feedback_errors, 0)) as bigint) as feedback_errors,
        max(case when feedback_requests > 0 then feedback_p50_ms end) as feedback_p50_ms,
        max(case when feedback_requests > 0 then feedback_p99_ms end) as feedback_p99_ms,
        max(counted_until) as counted_until
    from segments
    group by hour

)

select
    hour,
    cast(hour as date) as day,
    requests,
    refused,
    limited,
    client_errors,
    errors,
    errors / nullif(requests, 0) as error_rate,
    p50_ms,
    p99_ms,
    feedback_requests,
    feedback_events,
    feedback_duplicates,
    feedback_client_errors,
    feedback_errors,
    feedback_errors / nullif(feedback_requests, 0) as feedback_error_rate,
    feedback_p50_ms,
    feedback_p99_ms,
    counted_until
from hours
