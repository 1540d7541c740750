{# A table does not lose many of its rows from one validated build to the next. A person
   who wants that says so: `--full-refresh` takes what comes. #}
{% test no_large_drop(model, share=0.2, handful=50) %}

    with

    before as (

        select coalesce(max(row_count), 0) as row_count
        from ledger.relations
        where
            schema_name = '{{ model.schema }}'
            and table_name = '{{ model.identifier }}'
            and not {{ flags.FULL_REFRESH }}

    ),

    present as (

        select count(*) as row_count from {{ model }}

    )

    select
        before.row_count as row_count_before,
        present.row_count
    from before
    cross join present
    where
        before.row_count - present.row_count
        > greatest({{ handful }}, {{ share }} * before.row_count)

{% endtest %}
