with

newest as (

    select max(etl_updated_at) as newest_at from {{ ref('fact_listen_history') }}

),

experiments as (

    select
        arm,
        experiment
    from {{ ref('experiments') }}

),

measured as (

    {{ measured_lists(var('experiment_days'), of_experiments=true) }}

),

windows as (

    select 1 as within_days
    union all
    select 7 as within_days
    union all
    select 28 as within_days

),

-- One value for each user: their days together need not be independent.
of_users as (

    select
        measured.arm,
        measured.kind,
        windows.within_days,
        measured.user_id,
        min(measured.day) as first_day,
        max(measured.day) as last_day,
        count(*) as shown,
        count(
            case when measured.counted_within_days <= windows.within_days then 1 end
        ) as listened
    from measured
    cross join windows
    cross join newest
    where
        case windows.within_days
            when 1 then measured.made_at + interval 1 day
            when 7 then measured.made_at + interval 7 day
            else measured.made_at + interval 28 day
        end <= newest.newest_at
    group by measured.arm, measured.kind, windows.within_days, measured.user_id

),

valued as (

    select
        *,
        listened / cast(shown as double) as share_listened
    from of_users

)

select
    experiments.experiment,
    valued.arm,
    valued.kind,
    valued.within_days,
    min(valued.first_day) as first_day,
    max(valued.last_day) as last_day,
    count(*) as listed_users,
    cast(sum(valued.shown) as bigint) as shown,
    cast(sum(valued.listened) as bigint) as listened,
    avg(valued.share_listened) as mean_share,
    var_samp(valued.share_listened) as variance_of_shares
from valued
inner join experiments on valued.arm = experiments.arm
group by experiments.experiment, valued.arm, valued.kind, valued.within_days
