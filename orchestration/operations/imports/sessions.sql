-- From `plays` and the numbers of people and tracks to the records of the app's API.
-- A session ends where nothing plays for `gap`; a play of unknown length ends as it starts.
create or replace table listening as
select
    user_ids.id as user_id,
    track_ids.id as track_id,
    started_at,
    started_at
    + to_milliseconds(greatest(least(coalesce(ms_played, 0), 14400000), 0)) as ended_at,
    plays,
    row_number() over (
        partition by user_ids.id order by started_at, track_ids.id
    ) as place
from plays
inner join user_ids using (person)
inner join track_ids
    on track_ids.artist_key is not distinct from plays.artist_key
        and track_ids.title_key = plays.title_key;

create or replace table parted as
select
    *,
    sum(opens) over (partition by user_id order by place) as session
from (
    select
        *,
        (started_at > max(ended_at) over (
            partition by user_id order by place rows between unbounded preceding and 1 preceding
        ) + to_minutes($gap))::int as opens
    from listening
);

create or replace table new_listen_history as
select
    user_id,
    list(track_id order by place) as items,
    min(started_at) as created_at,
    max(started_at) as updated_at
from (
    select
        *,
        unnest(range(plays))
    from parted
)
group by user_id, coalesce(session, 0);

create or replace table new_users as
select
    id,
    person as first_name,
    null::varchar as last_name,
    null::varchar as email,
    null::varchar as gender,
    null::varchar as favorite_genres,
    min(started_at) as created_at,
    min(started_at) as updated_at
from user_ids
inner join plays using (person)
group by id, person;

create or replace table artist_names as
select
    artist_key,
    first(artist order by spelled desc, first_at, artist) as artist,
    count(*) as spellings
from (
    select artist_key, artist, sum(plays) as spelled, min(started_at) as first_at
    from plays
    where artist_key is not null
    group by artist_key, artist
)
group by artist_key;

create or replace table new_tracks as
select
    track_ids.id,
    titles.title as name,
    artist_names.artist,
    null::varchar as songwriters,
    lengths.duration,
    null::varchar as genres,
    albums.album,
    titles.created_at,
    titles.created_at as updated_at
from track_ids
left join artist_names using (artist_key)
inner join (
    select id, first(title order by spelled desc, first_at, title) as title, min(first_at) as created_at
    from (
        select id, title, sum(plays) as spelled, min(started_at) as first_at
        from plays inner join track_ids
            on track_ids.artist_key is not distinct from plays.artist_key
                and track_ids.title_key = plays.title_key
        group by id, title
    )
    group by id
) as titles using (id)
left join (
    select id, first(album order by spelled desc, first_at, album) as album
    from (
        select id, album, sum(plays) as spelled, min(started_at) as first_at
        from plays inner join track_ids
            on track_ids.artist_key is not distinct from plays.artist_key
                and track_ids.title_key = plays.title_key
        where album is not null
        group by id, album
    )
    group by id
) as albums using (id)
left join (
    select
        id,
        format(
            '{:02d}:{:02d}', median(seconds)::int // 60, median(seconds)::int % 60
        ) as duration
    from (
        select id, round(duration_ms / 1000)::int as seconds
        from plays inner join track_ids
            on track_ids.artist_key is not distinct from plays.artist_key
                and track_ids.title_key = plays.title_key
        where duration_ms between 1000 and 35999000
    )
    group by id
) as lengths using (id);
