with

calls as (

    select * from {{ source('records', 'api_calls') }}

)

select
    day,
    endpoint,
    count(*) as calls,
    count(*) filter (where outcome != 'ok') as errors,
    avg(case when outcome = 'ok' then 0.0 else 1.0 end) as error_rate,
    quantile_disc(response_ms, 0.50) as p50_ms,
    quantile_disc(response_ms, 0.95) as p95_ms,
    quantile_disc(response_ms, 0.99) as p99_ms,
    max(response_ms) as slowest_ms,
    cast(sum(bytes) as bigint) as bytes,
    max(called_at) as last_called_at
from calls
group by day, endpoint
