{# Brings what the monitoring marts are made of into the file that is being written: of each table of `records`
   the newest days, as many as `monitoring_days` says, so that the cost of a day does not grow with the history.
   One table at a time would cost a glob each; a view, all its files at every use. #}
{% macro open_records() %}
    {% if execute %}
        {% set files = files_of_records() %}
        {% set statements = ['create schema if not exists records'] %}
        {% for table in lake_tables('records') %}
            {% do statements.append(record_table(table, files.get(table.name))) %}
        {% endfor %}
        {% do run_query(statements | join(';\n')) %}
    {% endif %}
{% endmacro %}


{# What was brought in is in the marts now, and readers have no use for it twice. #}
{% macro close_records() %}
    {% if execute %}
        {% do run_query('drop schema if exists records cascade; drop schema if exists failures cascade') %}
    {% endif %}
{% endmacro %}


{% macro files_of_records() %}
    {% set newest %}
        with found as (
            select
                file,
                regexp_extract(file, '/ops/([^/]+)/day=([^/]+)/[^/]+$', ['table_name', 'day']) as parts
            from glob('{{ lake_root() | replace("'", "''") }}/ops/*/*/*.parquet')
        ),
        ranked as (
            select
                file,
                parts.table_name,
                dense_rank() over (partition by parts.table_name order by parts.day desc) as recency
            from found
        )
        select table_name, string_agg('''' || replace(file, '''', '''''') || '''', ', ' order by file)
        from ranked
        where recency <= {{ var('monitoring_days') }}
        group by table_name
    {% endset %}
    {% set files = {} %}
    {% for row in run_query(newest).rows %}
        {% do files.update({row[0]: row[1]}) %}
    {% endfor %}
    {{ return(files) }}
{% endmacro %}


{# The declared columns, whatever the files have: older ones know less, and the first day there are none. #}
{% macro record_table(table, files) %}
    create or replace table {{ table.schema }}.{{ table.identifier }} as
    select
        {% for column in table.columns.values() %}
        cast({{ adapter.quote(column.name) }} as {{ column.data_type }}) as {{ adapter.quote(column.name) }}{{ ',' if not loop.last }}
        {% endfor %}
    from (
        select
            {% for column in table.columns.values() %}
            cast(null as {{ column.data_type }}) as {{ adapter.quote(column.name) }}{{ ',' if not loop.last }}
            {% endfor %}
        where false
        {% if files %}
        union all by name
        select *
        from read_parquet(
            [{{ files }}],
            union_by_name = true,
            hive_partitioning = true,
            hive_types = {'day': date}
        )
        {% endif %}
    ) as known
{% endmacro %}
