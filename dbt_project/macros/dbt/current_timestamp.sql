{# The run's clock: a repeated day is as fresh as it was then. Naive UTC, as all our instants. #}
{% macro current_timestamp() -%}
    {%- set as_of = env_var('MOOVITAMIX_AS_OF', '') -%}
    {%- if as_of -%}
        cast('{{ as_of }}' as timestamp)
    {%- else -%}
        {{ utc_now() }}
    {%- endif -%}
{%- endmacro %}
