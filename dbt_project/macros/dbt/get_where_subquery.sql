{# Lets a test say `where: __new__`: the rows that loads since the last publication brought. #}
{% macro get_where_subquery(relation) -%}
    {%- set where = (config.get('where') or '') | replace('__new__', in_new_loads(for_test=true)) -%}
    {%- if where -%}
        {{ return('(select * from ' ~ relation ~ ' where ' ~ where ~ ') as tested') }}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro %}
