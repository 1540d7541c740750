{{ config(unique_key='track_id') }}

with

versions as (

    select * from {{ ref('track_versions') }}
    where
        is_winner
        {% if is_incremental() %}
        and track_id in ({{ ids_in_new_loads('track_id', ref('track_versions')) }})
        {% endif %}

),

sequenced as (

    select
        *,
        row_number() over (
            partition by track_id
            order by updated_at nulls first
        ) as version_number,
        lead(updated_at) over (
            partition by track_id
            order by updated_at nulls first
        ) as valid_to
    from versions

),

history as (

    select
        track_id,
        cast(version_number as integer) as version_number,
        name,
        artist,
        songwriters,
        duration,
        genres,
        album,
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
