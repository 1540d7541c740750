with

outcomes as (

    select * from {{ ref('recommendation_outcomes') }}
    where is_complete

),

-- All together, then by strategy, by ranks, and by arm; null stands for all.
counted as (

    select
        kind,
        model_version,
        arm,
        within_days,
        counts,
        strategy,
        ranks,
        grouping(arm) as is_of_all_arms,
        count(distinct day) as list_days,
        cast(sum(shown) as bigint) as shown,
        cast(sum(listened) as bigint) as listened
    from outcomes
    group by grouping sets (
        (kind, model_version, within_days, counts),
        (kind, model_version, within_days, counts, strategy),
        (kind, model_version, within_days, counts, ranks),
        (kind, model_version, within_days, counts, arm)
    )

)

select
    kind,
    model_version,
    arm,
    within_days,
    counts,
    strategy,
    ranks,
    list_days,
    shown,
    listened,
    listened / cast(shown as double) as rate,
    {{ wilson_low('listened', 'shown') }} as rate_low,
    {{ wilson_high('listened', 'shown') }} as rate_high
from counted
where is_of_all_arms = 1 or arm is not null
