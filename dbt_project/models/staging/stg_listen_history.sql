with

source as (

    select * from {{ source('raw', 'listen_history') }}

),

loads as (

    select * from {{ ref('stg_loads') }}

),

renamed as (

    select
        source.user_id,
        {{ list_or_empty('source.items') }} as track_ids,
        source.created_at as started_at,
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
            broken_key('user_id')
            + broken_start('started_at')
            + broken_clock('started_at')
            + broken_items('track_ids', 'a track id')
        ) }} as broken_rule
    from renamed

)

select * from judged
