{# A row per key, `updated_at` and content: every valid version, with the load that brought it first. #}
{% macro member_versions(staged, key, attributes) %}
{% set content = (attributes + ['created_at']) | join(', ') %}
with

records as (

    select
        cast({{ key }} as integer) as {{ key }},
        {{ content }},
        updated_at,
        load_id,
        etl_updated_at,
        etl_updated_at as last_seen_at
    from {{ staged }}
    where
        violated_rule is null
        {% if is_incremental() %}
        and {{ in_new_loads() }}
        {% endif %}

),

delivered as (

    select * from records
    {% if is_incremental() %}
    union all
    select
        {{ key }},
        {{ content }},
        updated_at,
        load_id,
        etl_updated_at,
        last_seen_at
    from {{ this }}
    where {{ key }} in (select {{ key }} from records)
    {% endif %}

),

-- Delivered again, a content keeps its first load.
contents as (

    select
        {{ key }},
        {{ content }},
        updated_at,
        min(load_id) as load_id,
        min_by(etl_updated_at, load_id) as etl_updated_at,
        max(last_seen_at) as last_seen_at
    from delivered
    group by {{ key }}, {{ content }}, updated_at

),

-- Two contents of one instant: the one that came later wins, whatever was repeated since.
ranked as (

    select
        *,
        row_number() over (
            partition by {{ key }}, updated_at
            order by load_id desc, {{ content | replace(',', ' nulls last,') }} nulls last
        ) = 1 as is_winner
    from contents

)

select * from ranked
{% endmacro %}


{# Whether a staged record's version is among the known ones, for the test that accounts for every record. #}
{% macro same_version(key) -%}
    known.{{ key }} = records.{{ key }} and known.updated_at is not distinct from records.updated_at
{%- endmacro %}
