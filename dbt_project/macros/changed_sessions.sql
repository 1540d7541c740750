{# Keys of the sessions whose listens may differ from those in the fact: won by a new load, or still contested,
   for then a new load can hand the win back to an old one. #}
{% macro changed_sessions() -%}
    select user_id, started_at from {{ ref('sessions') }}
    where {{ in_new_loads() }} or not is_winner
{%- endmacro %}


{# All listens of a changed session go before its new ones come: the new version may be shorter, or empty. #}
{% macro delete_listens_of_changed_sessions() -%}
    delete from {{ this }}
    where (user_id, listened_at) in ({{ changed_sessions() }})
{%- endmacro %}


{# Ids that may need an inferred member: of a day, those in its changed sessions and those inferred before.
   Looking for them in all listens took 0.7 s a day at 50 million. The fact is read here, not through a CTE of
   the model: DuckDB would keep one that is read twice in memory, whole. #}
{% macro ids_to_infer(id) -%}
    select {{ id }} from {{ ref('fact_listen_history') }}
    {% if not should_full_refresh() %}
    where (user_id, listened_at) in ({{ changed_sessions() }})
    union all
    select {{ id }} from {{ this }}
    where is_inferred
    {% endif %}
{%- endmacro %}
