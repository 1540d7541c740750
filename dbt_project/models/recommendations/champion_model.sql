with

champion as (

    {{ champion() }}

),

models as (

    select * from {{ source('ops', 'models') }}
    qualify row_number() over (partition by model_version order by trained_at desc) = 1

)

select
    model_version,
    name,
    model_hash,
    trained_at,
    promoted_at,
    data_as_of,
    load_ids,
    git_commit,
    ndcg_at_10,
    recall_at_10,
    map_at_10,
    coverage
from models
inner join champion using (model_version)
