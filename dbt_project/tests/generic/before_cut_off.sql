{# No feature knows what happened at its cut-off or later. #}
{% test before_cut_off(model, instant) %}

    select * from {{ model }}
    where {{ instant }} >= as_of

{% endtest %}
