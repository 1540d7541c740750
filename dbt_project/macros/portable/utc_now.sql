{# The wall clock, UTC, without a zone. For bookkeeping only: no model reads it. #}
{% macro utc_now() -%}
    {{ return(adapter.dispatch('utc_now')()) }}
{%- endmacro %}

{% macro default__utc_now() -%}
    cast(now() at time zone 'UTC' as timestamp)
{%- endmacro %}

{# The session's time zone is UTC (profiles.yml). #}
{% macro spark__utc_now() -%}
    localtimestamp()
{%- endmacro %}
