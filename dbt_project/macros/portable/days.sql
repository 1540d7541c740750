{# A row per day from one date to another, both included, in a column `volume_day`: what `from` reads. #}
{% macro each_day(first, last) -%}
    {{ return(adapter.dispatch('each_day')(first, last)) }}
{%- endmacro %}

{% macro default__each_day(first, last) -%}
    (select cast(unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as date) as volume_day) as calendar
{%- endmacro %}

{% macro spark__each_day(first, last) -%}
    (select explode(sequence(first_day, last_day)) as volume_day from (select {{ first }} as first_day, {{ last }} as last_day) as bounds where first_day <= last_day) as calendar
{%- endmacro %}


{# How many days one date lies after another. #}
{% macro days_between(later, earlier) -%}
    {{ return(adapter.dispatch('days_between')(later, earlier)) }}
{%- endmacro %}

{% macro default__days_between(later, earlier) -%}
    ({{ later }} - {{ earlier }})
{%- endmacro %}

{% macro spark__days_between(later, earlier) -%}
    datediff({{ later }}, {{ earlier }})
{%- endmacro %}


{# The same of two instants: how many midnights lie between them. #}
{% macro midnights_between(earlier, later) -%}
    {{ return(adapter.dispatch('midnights_between')(earlier, later)) }}
{%- endmacro %}

{% macro default__midnights_between(earlier, later) -%}
    date_diff('day', {{ earlier }}, {{ later }})
{%- endmacro %}

{% macro spark__midnights_between(earlier, later) -%}
    datediff(cast({{ later }} as date), cast({{ earlier }} as date))
{%- endmacro %}
