{# What a listen still says at the cut-off: half of it after 30 days. Whole days, so that sums agree on every engine. #}
{% macro decay(instant, as_of) -%}
    power(0.5, date_diff('day', {{ instant }}, {{ as_of }}) / 30.0)
{%- endmacro %}
