{# Types are declared as DuckDB spells them; Spark's spelling of each. Its TIMESTAMP has no zone here (profiles.yml). #}
{% macro spark_type(declared) %}
    {% set type = declared | lower %}
    {% if type.endswith('[]') %}
        {{ return('array<' ~ spark_type(type[:-2]) ~ '>') }}
    {% endif %}
    {{ return({'varchar': 'string', 'integer': 'int', 'timestamp': 'timestamp_ntz'}.get(type, type)) }}
{% endmacro %}


{# dbt casts nulls to the types of a contract. #}
{% macro spark__cast(field, type) -%}
    cast({{ field }} as {{ spark_type(type) }})
{%- endmacro %}


{# A contract names what readers were promised; the day that a table on Spark is cut by comes after it. #}
{% macro spark__get_empty_schema_sql(columns) %}
    {{ default__get_empty_schema_sql(columns) }}
    {%- if config.get('partition_by') == 'partition_day' %}
    , cast(null as date) as partition_day
    {%- endif %}
{% endmacro %}


{% macro spark__get_select_subquery(sql) %}
    select * from (
        {{ sql }}
    ) as model_subq
{% endmacro %}


{# Lists in unit tests are written as in YAML, [1, 2]. #}
{% macro spark__safe_cast(field, type) %}
    {%- set value = field | string -%}
    {%- if type.startswith('array') and value != 'null' -%}
        {%- set value = value | trim("'") | replace('[', 'array(') | replace(']', ')') -%}
    {%- endif -%}
    cast({{ value }} as {{ type }})
{% endmacro %}
