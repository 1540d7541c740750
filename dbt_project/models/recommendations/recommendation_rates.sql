with

outcomes as (

    select * from {{ ref('recommendation_outcomes') }}
    where is_complete

),

-- All together, then by strategy, and by ranks; null stands for all.
counted as (

    select
        kind,
        model_version,
        within_days,
        counts,
        strategy,
        ranks,
        count(distinct day) as list_days,
        cast(sum(shown) as bigint) as shown,
        cast(sum(listened) as bigint) as listened
    from outcomes
    group by grouping sets (
        (kind, model_version, within_days, counts),
        (kind, model_version, within_days, counts, strategy),
        (kind, model_version, within_days, counts, ranks)
    )

)

select
    kind,
    model_version,
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
