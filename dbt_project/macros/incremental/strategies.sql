{# How an increment comes into a mart on DuckDB: dbt looks for `get_incremental_<strategy>_sql`. On Spark partitions are
   overwritten: the fact's by day, those of the dims by whether a member is inferred. #}

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
            where {{ on_new_days() }} and partition_day in ({{ changed_days() }})
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


{# Likewise the partition of inferred members, once no listen is of an unknown id any more. #}
{% macro drop_inferred_members(key) %}
    {% if execute and target.type == 'spark' and is_incremental() and has_inferred_members() %}
        {% set listens, history = ref('fact_listen_history'), ref(this.identifier ~ '_history') %}
        {% set remaining %}
            select 1 from {{ listens }}
            inner join ({{ unknown_ids(key, listens, history) }}) as unknown using ({{ key }})
            limit 1
        {% endset %}
        {% if not run_query(remaining).rows %}
            alter table {{ this }} drop partition (is_inferred = true)
        {% endif %}
    {% endif %}
{% endmacro %}

{% macro has_inferred_members() %}
    {{ return(run_query('show partitions ' ~ this).columns[0].values() | select('equalto', 'is_inferred=true') | list | length > 0) }}
{% endmacro %}
