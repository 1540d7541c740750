-- The newest batch knows all but the last three days of what the marts hold.
with

batch as (

    select max(data_as_of) as data_as_of from {{ ref('playlist_batches') }}

),

newest as (

    select max(etl_updated_at) as etl_updated_at from {{ ref('fact_listen_history') }}

)

select
    data_as_of,
    etl_updated_at
from batch
cross join newest
where data_as_of < etl_updated_at - interval 3 day
