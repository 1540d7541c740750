with

newest as (

    select max(etl_updated_at) as newest_at from {{ ref('fact_listen_history') }}

),

measured as (

    {{ measured_lists(var('outcome_days')) }}

),

sums as (

    select
        day,
        kind,
        model_version,
        arm,
        strategy,
        ranks,
        counts,
        max(made_at) as made_at,
        count(*) as shown,
        count(case when counted_within_days <= 1 then 1 end) as listened_1,
        count(case when counted_within_days <= 7 then 1 end) as listened_7,
        count(counted_within_days) as listened_28
    from measured
    group by day, kind, model_version, arm, strategy, ranks, counts

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
    arm,
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
