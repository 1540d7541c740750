with

source as (

    select * from {{ source('raw', 'tracks') }}

),

loads as (

    select * from {{ ref('stg_loads') }}

),

renamed as (

    select
        source.id as track_id,
        source.name,
        source.artist,
        source.songwriters,
        source.duration,
        source.genres,
        source.album,
        source.created_at,
        source.updated_at,
        source._dlt_load_id as load_id,
        source.load_date,
        loads.loaded_at
    from source
    inner join loads on source._dlt_load_id = loads.load_id

),

judged as (

    select
        *,
        {{ broken_rule(
            broken_key('track_id')
            + broken_clock('created_at')
        ) }} as broken_rule
    from renamed

)

select * from judged
