{# How something ended that wrote a row as it began. These marts are built by who holds the writer lock, when
   the run itself is over: what has no end by then never had one. #}
{% macro outcome_of(outcome, finished_at, last_started_at=none) -%}
    case
        when {{ finished_at }} is null then 'crashed'
        {%- if last_started_at %}
        when {{ last_started_at }} > {{ finished_at }} then 'crashed'
        {%- endif %}
        else {{ outcome }}
    end
{%- endmacro %}
