with

source as (

    select * from {{ source('raw', 'feedback') }}

),

loads as (

    select * from {{ ref('stg_ops__loads') }}

),

renamed as (

    select
        source.event_id,
        source.key as event_key,
        cast(source.user_id as integer) as user_id,
        cast(source.track_id as integer) as track_id,
        source.kind,
        source.playlist_id,
        cast(source.position as integer) as playlist_position,
        source.happened_at,
        source.received_at,
        source._dlt_load_id as load_id,
        source.load_date,
        loads.as_of as etl_updated_at
    from source
    inner join loads on source._dlt_load_id = loads.load_id

)

select * from renamed
