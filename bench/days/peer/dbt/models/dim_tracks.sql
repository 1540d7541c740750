select id as track_id, name, artist, songwriters, duration, genres, album, created_at, updated_at
from {{ source('raw', 'tracks') }}
