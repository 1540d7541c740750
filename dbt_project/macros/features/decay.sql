{# What a listen still says at the cut-off: half of it after 14 days. Whole days, so that sums agree on every engine. #}
{% macro decay(instant, as_of) -%}
    power(0.5, {{ midnights_between(instant, as_of) }} / cast(14 as double))
{%- endmacro %}
