-- Every session has as many listens as its list is long, none stands without a session,
-- and the lengths of all sessions add up to the fact. Null keys have tests of their own.
with

sessions as (

    select
        user_id,
        started_at,
        listens
    from {{ ref('int_sessions') }}
    where
        is_winner
        and listens > 0
        and {{ in_new_loads(for_test=true) }}

),

listens as (

    select
        user_id,
        listened_at as started_at,
        count(*) as listens
    from {{ ref('fact_listen_history') }}
    where
        user_id is not null
        and listened_at is not null
        and {{ in_new_loads(for_test=true) }}
    group by user_id, started_at

),

torn as (

    select
        user_id,
        started_at,
        sessions.listens as promised,
        listens.listens as found
    from sessions
    full outer join listens using (user_id, started_at)
    where sessions.listens is distinct from listens.listens

),

in_all as (

    select
        (
            select coalesce(sum(listens), 0) from {{ ref('int_sessions') }}
            where is_winner
        ) as promised,
        (
            select count(*) from {{ ref('fact_listen_history') }}
            where user_id is not null and listened_at is not null
        ) as found

)

select * from torn
union all
select
    null as user_id,
    null as started_at,
    promised,
    found
from in_all
where promised <> found
