with

pulls as (

    select * from {{ source('records', 'pulls') }}

),

results as (

    select
        load_id,
        arg_max(verdict, decided_at) as verdict
    from {{ source('records', 'load_verdicts') }}
    group by load_id

),

decided as (

    select
        pulls.*,
        coalesce(verdict, case when outcome = 'whole' then 'nothing new' else outcome end)
            as verdict,
        coalesce(verdict = 'accepted' and kind = 'incremental', false) as is_comparable
    from pulls
    left join results using (load_id)

),

before as (

    select
        *,
        list(received) filter (where is_comparable) over (
            partition by table_name
            order by as_of, finished_at
            rows between 42 preceding and 1 preceding
        ) as recent
    from decided

),

spread as (

    select
        *,
        list_median(recent) as usual,
        1.4826 * list_median(
            list_transform(recent, lambda one: abs(one - list_median(recent)))
        ) as sigma
    from before

),

banded as (

    select
        *,
        greatest(usual / 2, 4 * sigma, 50) as margin,
        len(recent) >= 7 as is_judged
    from spread

)

select
    run_id,
    load_id,
    table_name,
    cast(as_of as date) as day,
    kind,
    verdict,
    announced,
    received,
    rejected,
    pages,
    bytes,
    case when is_judged then usual end as usual,
    case when is_judged then greatest(0, usual - margin) end as usual_low,
    case when is_judged then usual + margin end as usual_high,
    as_of as run_clock,
    finished_at
from banded
