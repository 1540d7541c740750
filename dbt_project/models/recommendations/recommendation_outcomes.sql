with

newest as (

    select max(etl_updated_at) as newest_at from {{ ref('fact_listen_history') }}

),

-- Of what was shown little is played: only that is looked up in the whole history.
-- Lists and listens are read where they are needed: a common table of them would be kept.
played as (

    select
        shown.day,
        shown.kind,
        shown.user_id,
        shown.track_id,
        min(shown.made_at) as made_at,
        min(listens.listened_at) as played_at
    from ({{ shown_lists() }}) as shown
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

),

measured as (

    select
        day,
        kind,
        model_version,
        strategy,
        {{ rank_group() }} as ranks,
        {{ counted_listens() }} as counts,
        made_at,
        case
            when was_heard_before = ({{ counted_listens() }} = 'again') then within_days
        end as counted_within_days
    from ({{ shown_lists() }}) as shown
    left join listened using (day, kind, user_id, track_id)

),

sums as (

    select
        day,
        kind,
        model_version,
        strategy,
        ranks,
        counts,
        max(made_at) as made_at,
        count(*) as shown,
        count(case when counted_within_days <= 1 then 1 end) as listened_1,
        count(case when counted_within_days <= 7 then 1 end) as listened_7,
        count(counted_within_days) as listened_28
    from measured
    group by day, kind, model_version, strategy, ranks, counts

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
        *,
        case within_days
            when 1 then listened_1
            when 7 then listened_7
            else listened_28
        end as listened
    from sums
    cross join windows

)

select
    day,
    kind,
    model_version,
    strategy,
    ranks,
    within_days,
    counts,
    shown,
    listened,
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
