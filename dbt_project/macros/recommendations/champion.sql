{# The version that the newest decision made champion, or left it: a row; none before the first features were
   published. `promoted_at` is when that decision was made. #}
{% macro champion() -%}
    select
        model_version,
        decided_at as promoted_at
    from (
        select * from {{ source('ops', 'promotions') }}
        qualify row_number() over (order by decided_at desc, model_version desc) = 1
    ) as newest
    where model_version is not null
{%- endmacro %}


{# The champion's newest batch; a run id begins with the wall clock's time. #}
{% macro champion_batch() -%}
    select
        model_version,
        max(run_id) as run_id
    from {{ source('ml', 'recommendations') }}
    where model_version in (select model_version from ({{ champion() }}) as champion)
    group by model_version
{%- endmacro %}


{# Listens that the batch knew of: before its data's cut-off, and delivered by then. #}
{% macro known_to_batch() -%}
    listened_at < data_as_of and etl_updated_at <= data_as_of
{%- endmacro %}


{# Tracks heard so many days before the batch's data ends are not recommended; models read the same setting. #}
{% macro exclude_days() -%}
    {{ return(env_var('MOOVITAMIX_EXCLUDE_DAYS', '') or '30') }}
{%- endmacro %}
