-- From `plays` and the numbers of people and tracks to the records of the app's API.
-- A session ends where nothing plays for `gap`; a play of unknown length ends as it starts.
create or replace table numbered_plays as
select
    track_ids.id as track_id,
    plays.*
from plays
inner join track_ids
    on track_ids.artist_key is not distinct from plays.artist_key
        and track_ids.title_key = plays.title_key;

create or replace table listening as
select
    user_ids.id as user_id,
    track_id,
    started_at,
    started_at
    + to_milliseconds(greatest(least(coalesce(ms_played, 0), 14400000), 0)) as ended_at,
    plays,
    row_number() over (
        partition by user_ids.id order by started_at, track_id
    ) as place
from numbered_plays
inner join user_ids using (person);

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
    split_part(person, ' ', 1) as first_name,
    substr(person, length(split_part(person, ' ', 1)) + 2) as last_name,
    'user-' || id || '@import.invalid' as email,
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
    select
        track_id as id,
        first(title order by spelled desc, first_at, title) as title,
        min(first_at) as created_at
    from (
        select track_id, title, sum(plays) as spelled, min(started_at) as first_at
        from numbered_plays
        group by track_id, title
    )
    group by track_id
) as titles using (id)
left join (
    select track_id as id, first(album order by spelled desc, first_at, album) as album
    from (
        select track_id, album, sum(plays) as spelled, min(started_at) as first_at
        from numbered_plays
        where album is not null
        group by track_id, album
    )
    group by track_id
) as albums using (id)
left join (
    select
        id,
        format('{:02d}:{:02d}', seconds // 60, seconds % 60) as duration
    from (
        select
            track_id as id,
            round(coalesce(median(duration_ms), max(ms_played)) / 1000)::int as seconds
        from numbered_plays
        group by track_id
    )
    where seconds between 1 and 35999
) as lengths using (id);
