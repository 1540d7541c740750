{# Keys of the sessions whose listens may differ from those in the fact: won by a new load, or still contested,
   for then a new load can hand the win back to an old one. #}
{% macro changed_sessions() -%}
    select user_id, started_at from {{ ref('int_sessions') }}
    where {{ in_new_loads() }} or not is_winner
{%- endmacro %}


{# Whether a session is among those: a condition on its key. On Spark, whose increments overwrite whole days, a session is
   read again when its day is. There what is contested needs no rule of its own: whatever a new load decides,
   in favour of an old one too, leaves a row of the new load in that day. A day of sessions that were merely
   repeated stays as it is. #}
{% macro is_changed(key) -%}
    {{ return(adapter.dispatch('is_changed')(key)) }}
{%- endmacro %}

{% macro default__is_changed(key) -%}
    ({{ key }}) in ({{ changed_sessions() }})
{%- endmacro %}

{% macro spark__is_changed(key) -%}
    {{ on_new_days() }} and {{ day_of_partition() }} in ({{ changed_days() }})
{%- endmacro %}

{% macro changed_days() -%}
    select {{ day_of_partition() }} from {{ ref('int_sessions') }}
    where {{ on_new_days() }} and {{ in_new_loads() }}
{%- endmacro %}
