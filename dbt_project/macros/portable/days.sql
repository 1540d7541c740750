{# A row per day from one date to another, both included, in a column `volume_day`: what `from` reads. #}
{% macro each_day(first, last) -%}
    {{ return(adapter.dispatch('each_day')(first, last)) }}
{%- endmacro %}

{% macro default__each_day(first, last) -%}
    (select cast(unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as date) as volume_day) as calendar
{%- endmacro %}


{# How many days one date lies after another. #}
{% macro days_between(later, earlier) -%}
    {{ return(adapter.dispatch('days_between')(later, earlier)) }}
{%- endmacro %}

{% macro default__days_between(later, earlier) -%}
    ({{ later }} - {{ earlier }})
{%- endmacro %}
