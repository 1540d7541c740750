{# Each track of each list that was shown to a user in so many of the newest days; `of_experiments`: to one in an arm. #}
{% macro shown_lists(days, of_experiments=false) -%}
    select
        'recommendations' as kind,
        published.day,
        published.made_at,
        coalesce(lists.arm_version, lists.model_version) as model_version,
        lists.arm,
        lists.strategy,
        lists.user_id,
        lists.rank,
        lists.track_id
    from {{ source('ml', 'recommendations') }} as lists
    inner join ({{ batches_that_count(days) }}) as published
        on lists.model_version = published.model_version and lists.run_id = published.run_id
    where {{ 'lists.arm is not null' if of_experiments else 'true' }}
    union all
    select
        lists.kind,
        published.day,
        published.made_at,
        coalesce(lists.arm_version, lists.model_version) as model_version,
        lists.arm,
        lists.reason as strategy,
        lists.user_id,
        lists.position as rank,
        lists.track_id
    from {{ source('ml', 'playlist_tracks') }} as lists
    inner join ({{ batches_that_count(days) }}) as published
        on lists.model_version = published.model_version and lists.run_id = published.run_id
    where lists.user_id is not null{{ ' and lists.arm is not null' if of_experiments }}
{%- endmacro %}


{# The same, each track with the window in which it was listened to so that it counts: 1, 7 or 28 days, else null. Of what
   was shown little is played: only that is looked up in the whole history. Lists and listens are read where they are
   needed: a common table of them would be kept. #}
{% macro measured_lists(days, of_experiments=false) -%}
    with

    played as (

        select
            shown.day,
            shown.kind,
            shown.user_id,
            shown.track_id,
            min(shown.made_at) as made_at,
            min(listens.listened_at) as played_at
        from ({{ shown_lists(days, of_experiments) }}) as shown
        inner join {{ ref('fact_listen_history') }} as listens
            on
                shown.user_id = listens.user_id
                and shown.track_id = listens.track_id
                and shown.made_at <= listens.listened_at
                and listens.listened_at < shown.made_at + interval 28 day
        group by shown.day, shown.kind, shown.user_id, shown.track_id

    ),

    pairs as (

        select distinct
            user_id,
            track_id
        from played

    ),

    first_plays as (

        select
            user_id,
            track_id,
            min(listened_at) as first_played_at
        from {{ ref('fact_listen_history') }}
        inner join pairs using (user_id, track_id)
        group by user_id, track_id

    ),

    listened as (

        select
            day,
            kind,
            user_id,
            track_id,
            first_played_at < made_at as was_heard_before,
            case
                when played_at < made_at + interval 1 day then 1
                when played_at < made_at + interval 7 day then 7
                else 28
            end as within_days
        from played
        inner join first_plays using (user_id, track_id)

    )

    select
        day,
        kind,
        model_version,
        arm,
        strategy,
        user_id,
        {{ rank_group() }} as ranks,
        {{ counted_listens() }} as counts,
        made_at,
        case
            when was_heard_before = ({{ counted_listens() }} = 'again') then within_days
        end as counted_within_days
    from ({{ shown_lists(days, of_experiments) }}) as shown
    left join listened using (day, kind, user_id, track_id)
{%- endmacro %}
