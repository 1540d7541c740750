with

source as (

    select * from {{ source('raw', 'listen_history') }}

),

loads as (

    select * from {{ ref('stg_ops__loads') }}

),

renamed as (

    select
        source.user_id,
        {{ list_or_empty('source.items') }} as track_ids,
        source.created_at as started_at,
        source.updated_at,
        source._dlt_load_id as load_id,
        source.load_date,
        loads.as_of as etl_updated_at
    from source
    inner join loads on source._dlt_load_id = loads.load_id

),

checked as (

    select
        *,
        {{ violated_rule(
            key_rules('user_id')
            + start_rules('started_at')
            + clock_rules('started_at')
            + item_rules('track_ids', 'a track id')
        ) }} as violated_rule
    from renamed

)

select * from checked
