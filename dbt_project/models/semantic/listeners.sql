with

listens as (

    select
        user_id,
        cast(listened_at as date) as listened_on
    from {{ ref('fact_listen_history') }}

),

clock as (

    select max(load_date) as today from {{ ref('stg_ops__loads') }}

),

firsts as (

    select
        user_id,
        min(listened_on) as first_listened_on
    from listens
    group by user_id

),

returned as (

    select distinct user_id
    from listens
    inner join firsts using (user_id)
    where {{ days_between('listened_on', 'first_listened_on') }} between 28 and 34

),

counted as (

    select
        user_id,
        first_listened_on,
        {{ days_between('today', 'first_listened_on') }} > 34 as is_week_4_over,
        user_id in (select user_id from returned) as listened_in_week_4
    from firsts
    cross join clock

)

select * from counted
