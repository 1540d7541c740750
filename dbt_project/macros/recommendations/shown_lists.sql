{# Each track of each list that was shown to a user in the newest days (var `outcome_days`). A day's newest batch is
   what was shown, unless its own run rolled its model back; its playlists are of the same run. #}
{% macro shown_lists() -%}
    select
        'recommendations' as kind,
        published.day,
        published.made_at,
        lists.model_version,
        lists.strategy,
        lists.user_id,
        lists.rank,
        lists.track_id
    from {{ source('ml', 'recommendations') }} as lists
    inner join ({{ shown_batches() }}) as published
        on lists.model_version = published.model_version and lists.run_id = published.run_id
    union all
    select
        lists.kind,
        published.day,
        published.made_at,
        lists.model_version,
        lists.reason as strategy,
        lists.user_id,
        lists.position as rank,
        lists.track_id
    from {{ source('ml', 'playlist_tracks') }} as lists
    inner join ({{ shown_batches() }}) as published
        on lists.model_version = published.model_version and lists.run_id = published.run_id
    where lists.user_id is not null
{%- endmacro %}


{% macro shown_batches() -%}
    select
        model_version,
        run_id,
        day,
        made_at
    from (
        select
            batches.*,
            max(batches.day) over () as newest_day,
            row_number() over (
                partition by batches.day
                order by batches.run_id desc, batches.model_version desc
            ) as recency
        from (
            select
                model_version,
                run_id,
                max(made_at) as made_at,
                cast(max(made_at) as date) as day
            from {{ source('ml', 'recommendations') }}
            where rank = 1
            group by model_version, run_id
        ) as batches
        left join {{ source('ops', 'promotions') }} as decisions
            on
                decisions.decision = 'rolled back'
                and batches.model_version = decisions.previous_version
                and batches.run_id = decisions.run_id
        where decisions.run_id is null
    ) as ranked
    where
        recency = 1
        and {{ days_between('newest_day', 'day') }} < {{ var('outcome_days') }}
{%- endmacro %}
