{# How an increment comes into a mart on DuckDB: dbt looks for `get_incremental_<strategy>_sql`. On Spark the dims are
   tables, made from the start, and the fact overwrites whole days. #}

{# Dims: all inferred members go and come again, if they are still listened to and still unknown. #}
{% macro get_incremental_replace_members_sql(increment) %}
    delete from {{ increment.target_relation }}
    where is_inferred or {{ increment.unique_key }} in (select {{ increment.unique_key }} from {{ increment.temp_relation }});
    {{ insert_increment(increment) }}
{% endmacro %}


{# The fact: all listens of a changed session go before its new ones come: the new version may be shorter, or empty. #}
{% macro get_incremental_replace_sessions_sql(increment) %}
    delete from {{ increment.target_relation }}
    where (user_id, listened_at) in ({{ changed_sessions() }});
    {{ insert_increment(increment) }}
{% endmacro %}


{% macro insert_increment(increment) %}
    {% set columns = increment.dest_columns | map(attribute='quoted') | join(', ') %}
    insert into {{ increment.target_relation }} ({{ columns }})
    select {{ columns }} from {{ increment.temp_relation }}
{% endmacro %}


{# Spark rewrites a day by overwriting its partition; one that has no listens any more is not written, so it is dropped. #}
{% macro drop_emptied_days() %}
    {% if execute and target.type == 'spark' and is_incremental() %}
        {% set emptied %}
            select partition_day from {{ ref('int_sessions') }}
            where partition_day in ({{ changed_days() }})
            group by partition_day
            having max(case when is_winner then listens else 0 end) = 0
        {% endset %}
        {% set days = run_query(emptied).columns[0].values() | list %}
        {% if days %}
            alter table {{ this }} drop if exists
            {%- for day in days %} partition (partition_day = date '{{ day }}'){{ ',' if not loop.last }}{% endfor %}
        {% endif %}
    {% endif %}
{% endmacro %}
