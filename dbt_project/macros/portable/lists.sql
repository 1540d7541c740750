{# Lists are spelled differently by every engine; models state the intent and these the syntax. #}

{# How many elements; zero for a list that is null. #}
{% macro list_length(list) -%}
    {{ return(adapter.dispatch('list_length')(list)) }}
{%- endmacro %}

{% macro default__list_length(list) -%}
    coalesce(len({{ list }}), 0)
{%- endmacro %}

{% macro spark__list_length(list) -%}
    cast(coalesce(size({{ list }}), 0) as bigint)
{%- endmacro %}


{# The list itself, or an empty one where it is null. #}
{% macro list_or_empty(list) -%}
    {{ return(adapter.dispatch('list_or_empty')(list)) }}
{%- endmacro %}

{% macro default__list_or_empty(list) -%}
    coalesce({{ list }}, [])
{%- endmacro %}

{% macro spark__list_or_empty(list) -%}
    coalesce({{ list }}, array())
{%- endmacro %}


{# Whether any element is null. #}
{% macro list_has_null(list) -%}
    {{ return(adapter.dispatch('list_has_null')(list)) }}
{%- endmacro %}

{% macro default__list_has_null(list) -%}
    coalesce(list_count({{ list }}) < len({{ list }}), false)
{%- endmacro %}

{% macro spark__list_has_null(list) -%}
    coalesce(exists({{ list }}, element -> element is null), false)
{%- endmacro %}


{% macro list_min(list) -%}
    {{ return(adapter.dispatch('list_min')(list)) }}
{%- endmacro %}

{% macro default__list_min(list) -%}
    list_min({{ list }})
{%- endmacro %}

{% macro spark__list_min(list) -%}
    array_min({{ list }})
{%- endmacro %}


{% macro list_max(list) -%}
    {{ return(adapter.dispatch('list_max')(list)) }}
{%- endmacro %}

{% macro default__list_max(list) -%}
    list_max({{ list }})
{%- endmacro %}

{% macro spark__list_max(list) -%}
    array_max({{ list }})
{%- endmacro %}


{# The type of a list of such elements. #}
{% macro list_of(element) -%}
    {{ return(adapter.dispatch('list_of')(element)) }}
{%- endmacro %}

{% macro default__list_of(element) -%}
    {{ element }}[]
{%- endmacro %}

{% macro spark__list_of(element) -%}
    array<{{ element }}>
{%- endmacro %}


{# Two columns of a select list, and a row per element: the element and its position, counted from 1. #}
{% macro unnest_with_position(list, element, position) -%}
    {{ return(adapter.dispatch('unnest_with_position')(list, element, position)) }}
{%- endmacro %}

{% macro default__unnest_with_position(list, element, position) -%}
    unnest({{ list }}) as {{ element }},
    cast(generate_subscripts({{ list }}, 1) as integer) as {{ position }}
{%- endmacro %}

{% macro spark__unnest_with_position(list, element, position) -%}
    inline(transform({{ list }}, (element, position) -> struct(element, position + 1)))
        as ({{ element }}, {{ position }})
{%- endmacro %}
