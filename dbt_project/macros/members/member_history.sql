{# A row per winning version of a key: the app's record, and from when to when it held. #}
{% macro member_history(versions, key, attributes) %}
with

versions as (

    select * from {{ versions }}
    where
        is_winner
        {% if is_incremental() %}
        and {{ key }} in ({{ ids_in_new_loads(key, versions) }})
        {% endif %}

),

sequenced as (

    select
        *,
        row_number() over (
            partition by {{ key }}
            order by updated_at nulls first
        ) as version_number,
        lead(updated_at) over (
            partition by {{ key }}
            order by updated_at nulls first
        ) as valid_to
    from versions

),

history as (

    select
        {{ key }},
        cast(version_number as integer) as version_number,
        {% for attribute in attributes %}
        {{ attribute }},
        {% endfor %}
        created_at,
        updated_at,
        -- What held before the first version that we saw is unknown: that version is
        -- taken to have held since the record came to be.
        case
            when version_number = 1 then least(created_at, updated_at)
            else updated_at
        end as valid_from,
        valid_to,
        valid_to is null as is_current,
        etl_updated_at,
        load_id
    from sequenced

)

select * from history
{% endmacro %}


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
