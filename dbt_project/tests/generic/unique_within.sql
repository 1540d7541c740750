{# No two rows of `within` share the key of a tested row. Where only new rows are tested,
   they are joined to the whole table, which is read once and not grouped: a day's test
   costs what the day costs. #}
{% test unique_within(model, columns, within) %}

    {%- set of_a_day = '__new__' in (config.get('where') or '')
        and in_new_loads(for_test=true) != 'true' %}

    select
        {% for column in columns %}
        keyed.{{ column }},
        {% endfor %}
        count(*) as occurrences
    {% if of_a_day %}
    from {{ within }} as keyed
    inner join (
        select distinct {{ columns | join(', ') }} from {{ model }}
    ) as new_keys
        on
        {% for column in columns %}
        {{ 'and ' if not loop.first }}keyed.{{ column }} = new_keys.{{ column }}
        {% endfor %}
    where {{ on_new_days_of(within) }}
    {% else %}
    from (select * from {{ model }}) as keyed
    {% endif %}
    group by all
    having count(*) > 1

{% endtest %}
