{# Keys of the sessions whose listens may differ from those in the fact: won by a new load, or still contested,
   for then a new load can hand the win back to an old one. #}
{% macro changed_sessions() -%}
    select user_id, started_at from {{ ref('sessions') }}
    where {{ in_new_loads() }} or not is_winner
{%- endmacro %}


{# Whether a session is among those: a condition on its key. On Spark, whose increments overwrite whole days, a session is
   read again when its day is. There what is contested needs no word of its own: whatever a new load decides,
   in favour of an old one too, leaves a row of the new load in that day. #}
{% macro is_changed(key) -%}
    {{ return(adapter.dispatch('is_changed')(key)) }}
{%- endmacro %}

{% macro default__is_changed(key) -%}
    ({{ key }}) in ({{ changed_sessions() }})
{%- endmacro %}

{% macro spark__is_changed(key) -%}
    {{ day_of_partition() }} in ({{ changed_days() }})
{%- endmacro %}

{% macro changed_days() -%}
    select {{ day_of_partition() }} from {{ ref('sessions') }}
    where {{ in_new_loads() }}
{%- endmacro %}


{# All listens of a changed session go before its new ones come: the new version may be shorter, or empty. #}
{% macro delete_listens_of_changed_sessions() -%}
    {{ return(adapter.dispatch('delete_listens_of_changed_sessions')()) }}
{%- endmacro %}

{% macro default__delete_listens_of_changed_sessions() -%}
    delete from {{ this }}
    where (user_id, listened_at) in ({{ changed_sessions() }})
{%- endmacro %}

{# A day that is written anew replaces what was there; one that has no listens any more is not written. #}
{% macro spark__delete_listens_of_changed_sessions() -%}
    {%- set emptied -%}
        select partition_day from {{ ref('sessions') }}
        where partition_day in ({{ changed_days() }})
        group by partition_day
        having max(case when is_winner then listens else 0 end) = 0
    {%- endset -%}
    {%- set days = run_query(emptied).columns[0].values() | list if execute else [] -%}
    {%- if days -%}
        alter table {{ this }} drop if exists
        {%- for day in days %} partition (partition_day = date '{{ day }}'){{ ',' if not loop.last }}{% endfor -%}
    {%- endif -%}
{%- endmacro %}
