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
{% macro touched_by(records, key) -%}
    {{ return(adapter.dispatch('touched_by')(records, key)) }}
{%- endmacro %}

{% macro default__touched_by(records, key) -%}
    inner join (select distinct {{ key }} from {{ records }}) as keys using ({{ key }})
{%- endmacro %}

{% macro spark__touched_by(records, key) -%}
    where {{ on_new_days() }}
{%- endmacro %}


{# Of a table on Spark that is cut by day, a condition for the rows of days on which sessions of new loads began: what a
   build reads again, and where whatever it brought lies. Literal days, so that Spark opens no other partition: a
   subquery would not keep it from reading all of them. DuckDB finds such rows by their keys. #}
{% macro on_new_days() -%}
    {{ return(adapter.dispatch('on_new_days')()) }}
{%- endmacro %}

{% macro default__on_new_days() -%}
    true
{%- endmacro %}

{% macro spark__on_new_days() -%}
    {%- if not execute or flags.WHICH == 'test' or build_state('marts').is_full_refresh -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set days = run_query('select new_day from ledger.new_days').columns[0].values() -%}
    {{ return("partition_day in (date '" ~ days | join("', date '") ~ "')" if days else 'false') }}
{%- endmacro %}


{# The condition for a table that a test names, which may not be cut by day. #}
{% macro on_new_days_of(relation) -%}
    {{ return(on_new_days() if is_cut_by_day(relation) else 'true') }}
{%- endmacro %}


{# The column that tells on which day a row belongs: the day by which the table is cut, which is in no file, or the instant. #}
{% macro day_or_instant(relation, instant) -%}
    {{ return('partition_day' if is_cut_by_day(relation) else instant) }}
{%- endmacro %}


{% macro is_cut_by_day(relation) -%}
    {{ return(adapter.dispatch('is_cut_by_day')(relation)) }}
{%- endmacro %}

{% macro default__is_cut_by_day(relation) -%}
    {{ return(false) }}
{%- endmacro %}

{% macro spark__is_cut_by_day(relation) -%}
    {% set cut = graph.nodes.values() | selectattr('config.partition_by', 'equalto', 'partition_day') if execute else [] %}
    {{ return(relation.identifier in cut | map(attribute='alias')) }}
{%- endmacro %}
