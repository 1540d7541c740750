-- depends_on: {{ ref('sessions') }}, {{ ref('user_versions') }}
{{
    config(
        unique_key='user_id',
        pre_hook="{% if is_incremental() %}{{ delete_members_without_listens('user_id') }}{% endif %}",
    )
}}

with

versions as (

    select * from {{ ref('dim_users_history') }}
    where
        is_current
        {% if is_incremental() %}
        and user_id in ({{ ids_in_new_loads('user_id', ref('user_versions')) }})
        {% endif %}

),

listens as (

    select * from {{ ref('fact_listen_history') }}

),

known as (

    select
        user_id,
        first_name,
        last_name,
        email,
        gender,
        favorite_genres,
        created_at,
        updated_at,
        etl_updated_at,
        false as is_inferred
    from versions

),

unknown as (

    select distinct user_id
    from ({{ ids_to_infer('user_id') }}) as heard
    where user_id not in (select user_id from {{ ref('dim_users_history') }})

),

-- Listened to, but not (yet) told of by the API: a member of its own, so that no
-- listen is dropped.
inferred as (

    select
        user_id,
        cast(null as string) as first_name,
        cast(null as string) as last_name,
        cast(null as string) as email,
        cast(null as string) as gender,
        cast(null as string) as favorite_genres,
        cast(null as timestamp) as created_at,
        cast(null as timestamp) as updated_at,
        min(etl_updated_at) as etl_updated_at,
        true as is_inferred
    from listens
    inner join unknown using (user_id)
    group by user_id

)

select * from known
union all
select * from inferred
