{# A table is not empty while what it is made from has something to give. #}
{% test volume_at_least(model, rows, made_from, which) %}

    select count(*) as volume
    from (select 1 from {{ model }} limit {{ rows }}) as found
    having
        count(*) < {{ rows }}
        and exists (select 1 from {{ made_from }} where {{ which }})

{% endtest %}
