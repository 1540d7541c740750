-- Do people play the genres that they call their favourites?
with

favourites as (

    select
        user_id,
        favorite_genres
    from {{ ref('dim_users') }}
    where favorite_genres is not null

),

played as (

    select
        user_id,
        genres
    from {{ ref('fact_listen_history') }}
    inner join {{ ref('dim_tracks') }} using (track_id)
    where genres is not null

)

select
    genres,
    count(*) as listens,
    count(case when favorite_genres = genres then 1 end) as listens_by_fans,
    count(case when favorite_genres = genres then 1 end) * 1.0 / count(*) as share_by_fans
from played
inner join favourites using (user_id)
group by genres
order by listens desc, genres asc
