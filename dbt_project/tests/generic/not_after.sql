{# Nothing happens after it was told of. #}
{% test not_after(model, column_name, instant) %}

    select * from {{ model }}
    where {{ column_name }} > {{ instant }}

{% endtest %}
