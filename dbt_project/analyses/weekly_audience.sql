-- How many people listen each week, and how much each of them?
select
    cast(date_trunc('week', listened_at) as date) as week_begin,
    count(distinct user_id) as active_users,
    count(*) as listens,
    count(*) * 1.0 / count(distinct user_id) as listens_per_active_user
from {{ ref('fact_listen_history') }}
group by week_begin
order by week_begin
