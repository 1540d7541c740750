{# For the marts, which alone read loads: a condition on `load_date` and `load_id`: for a model, rows of loads that no validated build has read; for a
   test, rows of loads that no publication holds. Literal values, so that DuckDB skips partitions and row
   groups without opening them: the cost of a day follows the day. A build from the start takes all rows,
   and so does `dbt test`, which audits everything. #}
{% macro in_new_loads(for_test=false) -%}
    {%- if not execute or build_state('marts').is_full_refresh or (for_test and flags.WHICH == 'test') -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set done = 'is_published' if for_test else 'is_built' -%}
    {%- set loads = run_query('select load_id, load_date from ledger.loads where not ' ~ done ~ ' order by all').rows -%}
    {%- if not loads -%}
        {{ return('false') }}
    {%- endif -%}
    {%- set ids = loads | map(attribute=0) | join("', '") -%}
    {%- set dates = loads | map(attribute=1) | map('string') | unique | join("', date '") -%}
    {{ return("(load_date in (date '" ~ dates ~ "') and load_id in ('" ~ ids ~ "'))") }}
{%- endmacro %}
