select id as user_id, first_name, last_name, email, gender, favorite_genres, created_at, updated_at
from {{ source('raw', 'users') }}
