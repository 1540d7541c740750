{# The rows of yesterday, by `column`, against what is usual (docs/decisions/0015).
   A row for a day that is odd: `degree` 1 is a warning, 2 an error. Yesterday is the last
   whole day before the newest load; days without rows count, the first day of all, half
   lived, does not. Nine weeks are read, however long the history. #}
{% test volume_within_band(model, column, handful=50) %}

    {{ config(
        fail_calc='coalesce(max(degree), 0)',
        warn_if='>= 1',
        error_if='>= 2',
    ) }}

    with

    clock as (

        select cast(max(loaded_at) as date) as today from {{ ref('stg_loads') }}

    ),

    counted as (

        select
            cast({{ column }} as date) as volume_day,
            count(*) as volume
        from {{ model }}
        where
            {{ column }} >= (select today - 63 from clock)
            and {{ column }} < (select today from clock)
        group by volume_day

    ),

    days as (

        select
            volume_day,
            coalesce(volume, 0) as volume,
            (select today - 1 from clock) - volume_day as days_ago
        from {{ each_day(
            '(select min(volume_day) + 1 from counted)',
            '(select today - 1 from clock)'
        ) }}
        left join counted using (volume_day)

    ),

    -- The same weekday's, once there are four of them; before that all days, from seven on.
    comparable as (

        select volume from days
        where
            days_ago > 0
            and (days_ago % 7 = 0 or (select count(*) from days) <= 28)

    ),

    usual as (

        select
            median(volume) as centre,
            1.4826 * median(abs(volume - (select median(volume) from comparable))) as sigma
        from comparable
        having count(*) >= if((select count(*) from days) <= 28, 7, 4)

    ),

    judged as (

        select
            volume_day,
            volume,
            centre,
            sigma,
            case
                when abs(volume - centre) <= {{ handful }} then 0
                when volume < least(centre / 10, centre - 6 * sigma) then 2
                when volume > greatest(centre * 3, centre + 6 * sigma) then 2
                when abs(volume - centre) > greatest(centre / 2, 4 * sigma) then 1
                else 0
            end as degree
        from days
        cross join usual
        where days_ago = 0

    )

    select * from judged
    where
        degree > 0
        and volume_day not in (
            select cast(day_accepted as date)
            from {{ source('ops', 'accepted_days') }}
        )

{% endtest %}
