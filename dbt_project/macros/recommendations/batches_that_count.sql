{# The batch that counts of each of the newest days: the day's newest one, unless its model was rolled back before a
   later day's first batch. Its recommendations and its playlists are what was shown on that day. `with_playlists`: of
   those that have any. #}
{% macro batches_that_count(days, with_playlists=false) -%}
    select
        day,
        model_version,
        run_id,
        previous_run_id,
        data_as_of,
        made_at,
        day = newest_day as is_newest
    from (
        select
            batches.*,
            max(batches.day) over () as newest_day,
            row_number() over (
                partition by batches.day
                order by batches.run_id desc, batches.model_version desc
            ) as recency
        from ({{ made_batches(with_playlists) }}) as batches
        left join ({{ withdrawn_batches(with_playlists) }}) as withdrawn
            on
                batches.model_version = withdrawn.model_version
                and batches.run_id = withdrawn.run_id
        where withdrawn.run_id is null
    ) as ranked
    where
        recency = 1
        and {{ days_between('newest_day', 'day') }} < {{ days }}
{%- endmacro %}


{# All batches. One of an app without users has the playlist for everybody alone; one from before there were playlists
   has recommendations alone. #}
{% macro made_batches(with_playlists) -%}
    select
        model_version,
        run_id,
        cast(max(made_at) as date) as day,
        max(previous_run_id) as previous_run_id,
        max(data_as_of) as data_as_of,
        max(made_at) as made_at
    from (
        select
            model_version,
            run_id,
            cast(null as {{ dbt.type_string() }}) as previous_run_id,
            0 as has_playlists,
            data_as_of,
            made_at
        from {{ source('ml', 'recommendations') }}
        where rank = 1
        union all
        select
            model_version,
            run_id,
            previous_run_id,
            1 as has_playlists,
            data_as_of,
            made_at
        from {{ source('ml', 'playlist_tracks') }}
        where user_id is null and position = 1
    ) as firsts
    group by model_version, run_id
    {{ 'having max(has_playlists) = 1' if with_playlists }}
{%- endmacro %}


{# Conditions in an aggregate: as those of a join they met a fault of DuckDB 1.5. #}
{% macro withdrawn_batches(with_playlists) -%}
    select
        batches.model_version,
        batches.run_id
    from ({{ made_batches(with_playlists) }}) as batches
    inner join (
        -- Until when a roll-back changes which batch of the day counts.
        select
            day,
            min(min(run_id)) over (
                order by day
                rows between 1 following and unbounded following
            ) as next_run_id
        from ({{ made_batches(with_playlists) }}) as all_batches
        group by day
    ) as later_runs on batches.day = later_runs.day
    inner join {{ source('ops', 'promotions') }} as decisions
        on batches.model_version = decisions.previous_version
    where decisions.decision = 'rolled back'
    group by batches.model_version, batches.run_id
    having
        max(
            case
                when batches.run_id > decisions.run_id then 0
                when later_runs.next_run_id <= decisions.run_id then 0
                else 1
            end
        ) = 1
{%- endmacro %}
