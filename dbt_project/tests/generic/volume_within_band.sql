{# The rows of yesterday, by `column`, against what is usual (docs/decisions/0015).
   A row for a day that is odd: `degree` 1 is a warning, 2 an error. Yesterday is the last
   whole day before the newest load; days without rows count; the first, incomplete day
   does not. Nine weeks are read, however long the history. #}
{% test volume_within_band(model, column, handful=50) %}

    {{ config(
        fail_calc='coalesce(max(degree), 0)',
        warn_if='>= 1',
        error_if='>= 2',
    ) }}

    with

    clock as (

        select cast(max(as_of) as date) as today from {{ ref('stg_ops__loads') }}

    ),

    counted as (

        select
            cast({{ day_or_instant(model, column) }} as date) as volume_day,
            count(*) as volume
        from {{ model }}
        where
            {{ day_or_instant(model, column) }} >= (select today - 63 from clock)
            and {{ day_or_instant(model, column) }} < (select today from clock)
        group by volume_day

    ),

    -- A kind: the same weekdays, once there are four of them; before that all days, from seven.
    days as (

        select
            volume_day,
            coalesce(volume, 0) as volume,
            {{ days_between('(select today - 1 from clock)', 'volume_day') }} as days_ago,
            if(
                (select min(volume_day) from counted) < (select today - 29 from clock),
                {{ days_between('(select today - 1 from clock)', 'volume_day') }} % 7,
                -1
            ) as kind
        from {{ each_day(
            '(select min(volume_day) + 1 from counted)',
            '(select today - 1 from clock)'
        ) }}
        left join counted using (volume_day)

    ),

    usual as (

        select
            kind,
            median(volume) as centre
        from days
        where days_ago > 0
        group by kind
        having count(*) >= if(kind = -1, 7, 4)

    ),

    compared as (

        select
            *,
            ln((volume + 1) / (centre + 1)) as deviation
        from days
        inner join usual using (kind)

    ),

    -- Of all days: the eight of one weekday are too few to measure how far days scatter.
    scattered as (

        select 1.4826 * median(abs(deviation)) as spread
        from compared
        where days_ago > 0

    ),

    outcomes as (

        select
            volume_day,
            volume,
            centre,
            spread,
            case
                when abs(volume - centre) <= {{ handful }} then 0
                when volume < centre / 10 and deviation < -6 * spread then 2
                when volume > centre * 3 and deviation > 6 * spread then 2
                when abs(volume - centre) > centre / 2 and abs(deviation) > 4 * spread then 1
                else 0
            end as degree
        from compared
        cross join scattered
        where days_ago = 0

    )

    select * from outcomes
    where
        degree > 0
        and volume_day not in (
            select cast(day_accepted as date)
            from {{ source('ops', 'accepted_days') }}
        )

{% endtest %}
