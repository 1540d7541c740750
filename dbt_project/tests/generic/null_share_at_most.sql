{# Where nulls may be, but not many: a share of the rows, a handful forgiven. #}
{% test null_share_at_most(model, column_name, share, handful=5) %}

    select
        count(*) as rows_in_all,
        count(*) - count({{ column_name }}) as nulls
    from {{ model }}
    having count(*) - count({{ column_name }}) > greatest({{ handful }}, {{ share }} * count(*))

{% endtest %}
