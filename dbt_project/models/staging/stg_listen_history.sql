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
            + [{'name': 'started_at is null', 'broken_when': 'started_at is null'}]
            + broken_clock('started_at')
            + [
                {'name': 'a track id is null', 'broken_when': list_has_null('track_ids')},
                {
                    'name': 'a track id is beyond INTEGER',
                    'broken_when': beyond_integer(list_min('track_ids'))
                        ~ ' or ' ~ beyond_integer(list_max('track_ids')),
                },
            ]
        ) }} as broken_rule
    from renamed

)

select * from judged
