{# How tables that grow are cut. DuckDB cuts them by itself; for Spark a last column,
   the day of an instant, is declared, so that an increment overwrites whole days and leaves all others alone. #}

{# That last column, for the end of a select list. #}
{% macro partition_day(instant) -%}
    {{ return(adapter.dispatch('partition_day')(instant)) }}
{%- endmacro %}

{% macro default__partition_day(instant) -%}
{%- endmacro %}

{% macro spark__partition_day(instant) -%}
    , cast({{ instant }} as date) as partition_day
{%- endmacro %}


{# The day by which a table on Spark is cut; unit tests, whose tables are not, override it by `cast(… as date)`. #}
{% macro day_of_partition() -%}
    partition_day
{%- endmacro %}


{# What of a table must be read again as new records come: after `from`. #}
{% macro touched_by(records, key, instant) -%}
    {{ return(adapter.dispatch('touched_by')(records, key, instant)) }}
{%- endmacro %}

{% macro default__touched_by(records, key, instant) -%}
    inner join (select distinct {{ key }} from {{ records }}) as keys using ({{ key }})
{%- endmacro %}

{% macro spark__touched_by(records, key, instant) -%}
    where {{ day_of_partition() }} in (select cast({{ instant }} as date) from {{ records }})
{%- endmacro %}
