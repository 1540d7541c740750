{# Nothing happens after it was recorded. #}
{% test not_after(model, column_name, instant) %}

    select * from {{ model }}
    where {{ column_name }} > {{ instant }}

{% endtest %}
