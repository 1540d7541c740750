with

shown as (

    {{ shown_lists() }}

),

listens as (

    select
        user_id,
        track_id,
        listened_at,
        etl_updated_at
    from {{ ref('fact_listen_history') }}

),

newest as (

    select max(etl_updated_at) as newest_at from listens

),

-- Of what was shown little is played: only that is looked up in the whole history.
played as (

    select
        shown.day,
        shown.kind,
        shown.user_id,
        shown.track_id,
        min(shown.made_at) as made_at,
        min(listens.listened_at) as played_at
    from shown
    inner join listens
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
    from listens
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

),

judged as (

    select
        day,
        kind,
        model_version,
        strategy,
        {{ rank_group() }} as ranks,
        {{ counted_listens() }} as counts,
        user_id,
        made_at,
        case
            when was_heard_before = ({{ counted_listens() }} = 'again') then within_days
        end as counted_within_days
    from shown
    left join listened using (day, kind, user_id, track_id)

),

-- A row per user first: users are then counted without keeping them all in memory.
of_users as (

    select
        day,
        kind,
        model_version,
        strategy,
        ranks,
        counts,
        user_id,
        max(made_at) as made_at,
        count(*) as shown,
        count(case when counted_within_days <= 1 then 1 end) as listened_1,
        count(case when counted_within_days <= 7 then 1 end) as listened_7,
        count(counted_within_days) as listened_28
    from judged
    group by day, kind, model_version, strategy, ranks, counts, user_id

),

windows as (

    select 1 as within_days
    union all
    select 7 as within_days
    union all
    select 28 as within_days

),

counted as (

    select
        day,
        kind,
        model_version,
        strategy,
        ranks,
        within_days,
        counts,
        max(made_at) as made_at,
        count(*) as user_count,
        sum(shown) as shown,
        sum(
            case within_days
                when 1 then listened_1
                when 7 then listened_7
                else listened_28
            end
        ) as listened
    from of_users
    cross join windows
    group by day, kind, model_version, strategy, ranks, within_days, counts

)

select
    day,
    kind,
    model_version,
    strategy,
    ranks,
    within_days,
    counts,
    user_count,
    cast(shown as bigint) as shown,
    cast(listened as bigint) as listened,
    listened / cast(shown as double) as rate,
    {{ wilson_low('listened', 'shown') }} as rate_low,
    {{ wilson_high('listened', 'shown') }} as rate_high,
    coalesce(
        case within_days
            when 1 then made_at + interval 1 day
            when 7 then made_at + interval 7 day
            else made_at + interval 28 day
        end <= newest_at,
        false
    ) as is_complete
from counted
cross join newest
