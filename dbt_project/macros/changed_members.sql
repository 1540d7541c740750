{# Ids of a table of versions that the loads of this build brought something new of; what they merely repeated keeps its
   first load. Losers count too: a repeat from an earlier load can take the win from one content and give it to another. #}
{% macro ids_in_new_loads(id, versions) -%}
    select {{ id }} from (
        select
            *,
            cast(etl_updated_at as date) as load_date
        from {{ versions }}
    ) as dated
    where {{ in_new_loads() }}
{%- endmacro %}


{# Ids that may need an inferred member: of a day, those in its changed sessions and those inferred before.
   Looking for them in all listens took 0.7 s a day at 50 million. The fact is read here, not through a CTE of
   the model: DuckDB would keep one that is read twice in memory, whole. #}
{% macro ids_to_infer(id) -%}
    select {{ id }} from {{ ref('fact_listen_history') }}
    {% if is_incremental() %}
    where (user_id, listened_at) in ({{ changed_sessions() }})
    union all
    select {{ id }} from {{ this }}
    where is_inferred
    {% endif %}
{%- endmacro %}


{# Inferred members whose listens are all gone: the sessions that held them have a newer version without. #}
{% macro delete_members_without_listens(id) -%}
    delete from {{ this }}
    where
        is_inferred
        and {{ id }} not in (
            select {{ id }} from {{ ref('fact_listen_history') }}
            where {{ id }} in (select {{ id }} from {{ this }} where is_inferred)
        )
{%- endmacro %}
