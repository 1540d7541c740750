"""Small marts, published by the real `publish`: a few users whose every listen is known."""

from datetime import datetime, timedelta

import duckdb

from orchestration.run.lock import hold
from orchestration.run.settings import Settings
from orchestration.warehouse.publishing.publish import publish
from tests.support.validated import mark_validated

FIRST = datetime(2026, 1, 5)  # a Monday
WEEKS = 8
TABLES = ("dim_tracks", "dim_users", "fact_listen_history")
# Of each week, user u of 12 (one more each week) plays u tracks, twice on Fridays.
MARTS = """
    create or replace table dim_tracks as select
        id::integer as track_id, 'Song ' || id as name, 'Band ' || id % 5 as artist,
        null::varchar as songwriters, '03:20' as duration,
        ['Rock', 'Folk', 'Jazz'][id % 3 + 1] as genres, 'Album ' || id % 7 as album,
        timestamp '2025-12-01' + interval (id) day as created_at, created_at as updated_at,
        created_at as etl_updated_at, false as is_inferred
    from range(1, 41) as ids (id);
    create or replace table dim_users as select
        id::integer as user_id, 'Ada' as first_name, 'Number ' || id as last_name,
        'ada' || id || '@example.org' as email, 'Female' as gender, 'Rock' as favorite_genres,
        timestamp '{first}' + interval (id) day as created_at, created_at as updated_at,
        created_at as etl_updated_at, false as is_inferred
    from range(1, 13) as ids (id);
    create or replace table fact_listen_history as
    with sessions as (
        select
            user_id::integer as user_id, week, day,
            timestamp '{first}' + interval (week * 7 + day) day + interval 20 hour as listened_at
        from range(1, 13) as users (user_id), range({weeks}) as weeks (week),
            (values (1), (4)) as days (day)
        where week >= user_id // 2 and (week - user_id // 2) % 4 in (0, 1)
    )
    select
        user_id, ((user_id * 3 + position + week) % 40 + 1)::integer as track_id, listened_at,
        listened_at::date as load_date, position::integer as session_position,
        listened_at as etl_updated_at, '1.1' as load_id
    from sessions, range(1, 6) as positions (position)
    where position <= if(day = 4, 4, 2);
"""

# What the champion recommends, what came of it, and an experiment of two arms.
RECOMMENDING = """
    create or replace table recommendations as select
        user_id, rank::integer as rank, ((user_id + rank * 7) % 40 + 1)::integer as track_id,
        if(rank = 1, 'model', 'popularity') as strategy
    from dim_users, range(1, 4) as ranks (rank);
    create or replace table popular_tracks as
        select id::integer as rank, id::integer as track_id from range(1, 6) as ids (id);
    create or replace table recommendation_rates as select
        *, 'recommendations' as kind, 3 as model_version, 7 as within_days, 'first' as counts,
        listened / shown as rate, rate / 2 as rate_low, rate * 2 as rate_high
    from (values
        (null, null, null, 100, 25), (null, null, '01', 40, 20), (null, null, '31+', 60, 5),
        (null, 'model', null, 50, 15), ('new/control', null, null, 50, 10)
    ) as rows (arm, strategy, ranks, shown, listened);
    create or replace table experiments as select
        'new' as experiment, unnest(['new/control', 'new/other']) as arm,
        unnest([true, false]) as is_control, 'recommendations' as kind, 7 as within_days;
    create or replace table experiment_outcomes as select
        *, 'new' as experiment, 'recommendations' as kind, 7 as within_days
    from (values ('new/control', 6, 0.2, 0.01), ('new/other', 6, 0.5, 0.02))
        as rows (arm, listed_users, mean_share, variance_of_shares);
"""
RECOMMENDED = (
    *("recommendations", "popular_tracks", "recommendation_rates"),
    *("experiments", "experiment_outcomes"),
)


def publish_marts(settings: Settings, weeks: int = WEEKS, *, recommends: bool = False) -> None:
    """Build the marts of so many weeks and publish them; names and addresses are personal."""
    with duckdb.connect(settings.build_file) as built:
        built.execute(MARTS.format(first=FIRST, weeks=weeks))
        if recommends:
            built.execute(RECOMMENDING)
    mark_validated(settings.build_file, [*TABLES, *(RECOMMENDED if recommends else ())])
    newest = FIRST + timedelta(weeks=weeks, hours=2)
    with duckdb.connect(settings.build_file) as built:
        built.execute("update ledger.state set as_of = ?, validated_at = ?", [newest, newest])
        built.execute("insert into ledger.loads values ('1.1', ?, false)", [newest])
        built.execute(
            "insert into ledger.personal_columns select 'main', 'dim_users',"
            " unnest(['first_name', 'last_name', 'email', 'gender'])"
        )
    with hold(settings.data_dir, "publish") as lock:
        publish(settings, lock)
