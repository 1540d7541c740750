{# Stable over days: `7-discover`, `7-mix-2`, and `popular` for everybody. #}
{% macro playlist_id() -%}
    case
        when user_id is null then kind
        when kind = 'mix' then concat(user_id, '-', kind, '-', number)
        else concat(user_id, '-', kind)
    end
{%- endmacro %}
