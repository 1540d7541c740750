{# For tests: the newest batch of a table, unless it knows all but the last three days of what the marts hold. #}
{% macro batch_is_stale(batches) %}
with

batch as (

    select max(data_as_of) as data_as_of from {{ batches }}

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
{% endmacro %}
