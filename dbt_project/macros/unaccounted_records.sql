{# Loads of which a record is lost: the records that the pull recorded, less what was taken out since (or, for
   a load made by hand, what the lake holds) against what became of each record. It is current or superseded where its own version is kept;
   repeated where the version came before; superseded too where a newer one of its key is kept; or quarantined. #}
{% macro unaccounted_records(table, staged, known, quarantine, is_kept) %}
    with

    records as (

        select * from {{ staged }}
        where {{ in_new_loads(for_test=true) }}

    ),

    brought as (

        select
            load_id,
            sum(received - rejected - coalesce(forgotten, 0)) as records
        from (select *, day as load_date from {{ source('ops', 'pulls') }}) as pulls
        where
            table_name = '{{ table }}'
            and outcome = 'whole'
            and load_id in (select load_id from {{ ref('stg_ops__loads') }})
            and {{ in_new_loads(for_test=true) }}
        group by load_id

    ),

    taken_out as (

        select
            load_id,
            sum(records) as records
        from {{ source('footers', 'removed_records') }}
        where
            table_name = '{{ table }}'
            and {{ in_new_loads(for_test=true) }}
        group by load_id

    ),

    there as (

        select
            load_id,
            brought.records - coalesce(taken_out.records, 0) as records
        from brought
        left join taken_out using (load_id)

    ),

    landed as (

        select
            load_id,
            count(*) as records
        from records
        group by load_id

    ),

    kept as (

        select
            records.load_id,
            count(*) as records
        from records
        where
            violated_rule is null
            and exists (select 1 from {{ known }} as known where {{ is_kept }})
        group by records.load_id

    ),

    quarantined_records as (

        select
            load_id,
            count(*) as records
        from {{ quarantine }}
        where {{ in_new_loads(for_test=true) }}
        group by load_id

    )

    select
        load_id,
        coalesce(there.records, landed.records, 0) as brought,
        coalesce(kept.records, 0) as kept,
        coalesce(quarantined_records.records, 0) as quarantined_records
    from landed
    full outer join there using (load_id)
    left join kept using (load_id)
    left join quarantined_records using (load_id)
    where
        coalesce(there.records, landed.records, 0)
        <> coalesce(kept.records, 0) + coalesce(quarantined_records.records, 0)
{% endmacro %}
