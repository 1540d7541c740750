with

-- Every batch has one playlist for everybody, and that has one first track.
batches as (

    select
        model_version,
        run_id,
        cast(made_at as date) as day,
        data_as_of,
        made_at
    from {{ source('ml', 'playlist_tracks') }}
    where user_id is null and position = 1

),

rolled_back as (

    select
        previous_version as model_version,
        run_id as rolled_back_in
    from {{ source('ops', 'promotions') }}
    where decision = 'rolled back'

),

first_runs as (

    select
        day,
        min(run_id) as first_run_id
    from batches
    group by day

),

-- Until when a roll-back changes which batch of the day counts.
later_runs as (

    select
        day,
        min(first_run_id) over (
            order by day
            rows between 1 following and unbounded following
        ) as next_run_id
    from first_runs

),

-- Conditions in an aggregate: as those of a join they met a fault of DuckDB 1.5.
withdrawn as (

    select
        batches.model_version,
        batches.run_id
    from batches
    inner join later_runs on batches.day = later_runs.day
    inner join rolled_back on batches.model_version = rolled_back.model_version
    group by batches.model_version, batches.run_id
    having
        max(
            case
                when batches.run_id > rolled_back.rolled_back_in then 0
                when later_runs.next_run_id <= rolled_back.rolled_back_in then 0
                else 1
            end
        ) = 1

),

ranked as (

    select
        batches.*,
        max(batches.day) over () as newest_day,
        row_number() over (
            partition by batches.day
            order by batches.run_id desc, batches.model_version desc
        ) as recency
    from batches
    left join withdrawn
        on
            batches.model_version = withdrawn.model_version
            and batches.run_id = withdrawn.run_id
    where withdrawn.run_id is null

)

select
    day,
    model_version,
    run_id,
    data_as_of,
    made_at,
    day = newest_day as is_newest
from ranked
where
    recency = 1
    and {{ days_between('newest_day', 'day') }} < {{ var('playlist_days') }}
