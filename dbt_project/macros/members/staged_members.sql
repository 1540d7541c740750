{# A row per record of each accepted load, renamed, with the first rule that it violates. #}
{% macro staged_members(records, key, attributes) %}
with

loads as (

    select * from {{ ref('stg_ops__loads') }}

),

renamed as (

    select
        records.id as {{ key }},
        {% for column in attributes + ['created_at', 'updated_at'] %}
        records.{{ column }},
        {% endfor %}
        records._dlt_load_id as load_id,
        records.load_date,
        loads.as_of as etl_updated_at
    from {{ records }} as records
    inner join loads on records._dlt_load_id = loads.load_id

),

checked as (

    select
        *,
        {{ violated_rule(key_rules(key) + clock_rules('created_at')) }} as violated_rule
    from renamed

)

select * from checked
{% endmacro %}
