{{ config(unique_key='user_id') }}

{% set content = [
    'first_name', 'last_name', 'email', 'gender', 'favorite_genres', 'created_at',
] | join(', ') %}

with

records as (

    select
        cast(user_id as integer) as user_id,
        {{ content }},
        updated_at,
        load_id,
        loaded_at as etl_updated_at,
        loaded_at as last_seen_at
    from {{ ref('stg_users') }}
    where
        broken_rule is null
        {% if is_incremental() %}
        and {{ in_new_loads() }}
        {% endif %}

),

delivered as (

    select * from records
    {% if is_incremental() %}
    union all
    select
        user_id,
        {{ content }},
        updated_at,
        load_id,
        etl_updated_at,
        last_seen_at
    from {{ this }}
    where user_id in (select user_id from records)
    {% endif %}

),

-- Delivered again, a content keeps its first load.
contents as (

    select
        user_id,
        {{ content }},
        updated_at,
        min(load_id) as load_id,
        min_by(etl_updated_at, load_id) as etl_updated_at,
        max(last_seen_at) as last_seen_at
    from delivered
    group by user_id, {{ content }}, updated_at

),

-- Two contents of one instant: the one that came later wins, whatever was repeated since.
ranked as (

    select
        *,
        row_number() over (
            partition by user_id, updated_at
            order by load_id desc, {{ content | replace(',', ' nulls last,') }} nulls last
        ) = 1 as is_winner
    from contents

)

select * from ranked
