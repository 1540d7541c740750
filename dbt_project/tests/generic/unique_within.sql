{# No two rows of `within` share the key of a tested row. The tested rows may be the new
   ones only; they are joined to the whole table, which is read once and not grouped:
   a day's test costs what the day costs. #}
{% test unique_within(model, columns, within) %}

    select
        {% for column in columns %}
        known.{{ column }},
        {% endfor %}
        count(*) as occurrences
    from {{ within }} as known
    inner join (
        select distinct {{ columns | join(', ') }} from {{ model }}
    ) as tested_keys
        on
        {% for column in columns %}
        {{ 'and ' if not loop.first }}known.{{ column }} = tested_keys.{{ column }}
        {% endfor %}
    group by all
    having count(*) > 1

{% endtest %}
