{# One row per load that counts: committed by dlt and, by its latest validation result, accepted. #}
{% macro accepted_loads(load_verdicts='ops.load_verdicts') %}
    select
        load_id,
        kind,
        run_id,
        cast(as_of as date) as load_date,
        as_of
    from (
        select
            *,
            row_number() over (partition by load_id order by decided_at desc) as recency
        from {{ load_verdicts }}
    ) as results
    where recency = 1 and verdict = 'accepted'
{% endmacro %}
