{# Rules that no truth can satisfy. The first one that a record violates, or null; such a record is quarantined
   before the newest version is chosen, so that an older, valid one stays current. #}
{% macro violated_rule(rules) -%}
    case
        {%- for rule in rules %}
        when {{ rule.violated_when }} then '{{ rule.name }}'
        {%- endfor %}
    end
{%- endmacro %}


{# Our keys are INTEGER; the lake keeps the API's values as BIGINT. #}
{% macro beyond_integer(value) -%}
    {{ value }} not between -2147483648 and 2147483647
{%- endmacro %}


{% macro key_rules(id) -%}
    {{ return([
        {'name': id ~ ' is null', 'violated_when': id ~ ' is null'},
        {'name': id ~ ' is beyond INTEGER', 'violated_when': beyond_integer(id)},
    ]) }}
{%- endmacro %}


{% macro clock_rules(instant) -%}
    {{ return([
        {'name': instant ~ ' is after its load', 'violated_when': instant ~ ' > etl_updated_at'},
    ]) }}
{%- endmacro %}


{% macro start_rules(instant) -%}
    {{ return([
        {'name': instant ~ ' is null', 'violated_when': instant ~ ' is null'},
    ]) }}
{%- endmacro %}


{% macro item_rules(list, item) -%}
    {%- set beyond = beyond_integer(list_min(list)) ~ ' or ' ~ beyond_integer(list_max(list)) -%}
    {{ return([
        {'name': item ~ ' is null', 'violated_when': list_has_null(list)},
        {'name': item ~ ' is beyond INTEGER', 'violated_when': beyond},
    ]) }}
{%- endmacro %}


{# The records of a staging model that violate a rule, as they came. #}
{% macro quarantined_records(staged) %}
select * from {{ staged }}
where
    violated_rule is not null
    {% if is_incremental() %}
    and {{ in_new_loads() }}
    {% endif %}
{% endmacro %}
