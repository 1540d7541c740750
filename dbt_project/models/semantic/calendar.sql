select volume_day as calendar_day
from {{ each_day(
    '(select min(cast(listened_at as date)) from ' ~ ref('fact_listen_history') ~ ')',
    '(select max(load_date) from ' ~ ref('stg_ops__loads') ~ ')'
) }}
