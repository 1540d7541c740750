{# Rules that no truth can satisfy. The first one a record breaks, or null; a record that breaks one is set
   aside in `quarantine` before the newest version is chosen, so that an older, valid one stays current. #}
{% macro broken_rule(rules) -%}
    case
        {%- for rule in rules %}
        when {{ rule.broken_when }} then '{{ rule.name }}'
        {%- endfor %}
    end
{%- endmacro %}


{# Our keys are INTEGER; the lake keeps what the API said as BIGINT. #}
{% macro beyond_integer(value) -%}
    {{ value }} not between -2147483648 and 2147483647
{%- endmacro %}


{% macro broken_key(id) -%}
    {{ return([
        {'name': id ~ ' is null', 'broken_when': id ~ ' is null'},
        {'name': id ~ ' is beyond INTEGER', 'broken_when': beyond_integer(id)},
    ]) }}
{%- endmacro %}


{% macro broken_clock(instant) -%}
    {{ return([
        {'name': instant ~ ' is after its load', 'broken_when': instant ~ ' > loaded_at'},
    ]) }}
{%- endmacro %}


{% macro broken_start(instant) -%}
    {{ return([
        {'name': instant ~ ' is null', 'broken_when': instant ~ ' is null'},
    ]) }}
{%- endmacro %}


{% macro broken_items(list, item) -%}
    {%- set beyond = beyond_integer(list_min(list)) ~ ' or ' ~ beyond_integer(list_max(list)) -%}
    {{ return([
        {'name': item ~ ' is null', 'broken_when': list_has_null(list)},
        {'name': item ~ ' is beyond INTEGER', 'broken_when': beyond},
    ]) }}
{%- endmacro %}
