{# Makes every source of the lake a relation: a view over the files that may be read, or, while there are
   none, a typed and empty one. Raw tables show accepted loads only, file by file: one torn file of a crashed
   load would break any glob (docs/decisions/0006). #}
{% macro open_lake() %}
    {{ return(adapter.dispatch('open_lake')()) }}
{% endmacro %}

{% macro default__open_lake() %}
    {% if execute %}
        {% do run_query('create schema if not exists ops') %}
        {% do run_query('create schema if not exists raw') %}
        {% do run_query('create schema if not exists ml') %}
        {% for table in lake_tables('ops') + lake_tables('raw') %}
            {% do run_query(lake_view(table, lake_files(table))) %}
        {% endfor %}
        {% for table in lake_tables('ml') %}
            {% do run_query(batches_view(table)) %}
        {% endfor %}
        {% do run_query(removed_records_view()) %}
    {% endif %}
{% endmacro %}


{% macro lake_tables(source_name) %}
    {{ return(graph.sources.values() | selectattr('source_name', 'equalto', source_name) | list) }}
{% endmacro %}


{% macro lake_url() %}
    {# A variable that is set to nothing means the default, as everywhere. #}
    {% set data_dir = env_var('MOOVITAMIX_DATA_DIR', '') or 'data' %}
    {{ return(env_var('MOOVITAMIX_LAKE_URL', '') or data_dir ~ '/lake') }}
{% endmacro %}


{# The same for DuckDB, which takes each folder `key=value` of a path for a column, also one above the lake that would
   hide the records' own. So where the path has such a folder, or is a URL, orchestration/warehouse/engines/lake_plugin.py
   opens the lake as `dir:/`, and paths begin below it. #}
{% macro lake_root() %}
    {% set url = lake_url() %}
    {{ return('dir:/' if '=' in url or '://' in url else url) }}
{% endmacro %}


{# Files that count: of accepted loads, and compacted ones, without those that a compacted one has replaced. #}
{% macro lake_files(table) %}
    {{ return(run_query(files_that_count(table)).columns[0].values() | map('replace', "'", "''") | list) }}
{% endmacro %}


{% macro files_that_count(table) %}
    {% set folder = table.source_name ~ '/' ~ table.name %}
        select file from glob('{{ lake_pattern(folder) }}')
        where file not in ({{ replaced_files(folder) }})
        {% if table.source_name == 'raw' %}
        and (
            {{ is_compacted('file') }}
            or {{ load_id_of('file') }} in (select load_id from ({{ accepted_loads() }}))
        )
        {% endif %}
        order by file
{% endmacro %}


{% macro lake_pattern(folder, file='*.parquet') -%}
    {{ return((lake_root() ~ '/' ~ folder ~ '/*/' ~ file) | replace("'", "''")) }}
{%- endmacro %}


{# dlt names a file <load id>.<file id>.parquet; a load id is two numbers with a point between. #}
{% macro load_id_of(file) -%}
    regexp_extract({{ file }}, '([0-9]+[.][0-9]+)[.][^/]*$', 1)
{%- endmacro %}


{% macro lake_view(table, files) %}
    {% set partition = {'raw': 'load_date', 'ops': 'day'}[table.source_name] %}
    {% set refused = loads_in_footers_that_do_not_count(table) if table.source_name == 'raw' else [] %}
    create or replace view {{ table.schema }}.{{ table.identifier }} as
    select
        {% for column in table.columns.values() if column.name != partition %}
        cast({{ column.name }} as {{ column.data_type }}) as {{ column.name }},
        {% endfor %}
        cast({{ partition }} as date) as {{ partition }}
    from (
        {% if files and table.source_name == 'raw' %}
        from read_parquet(
            ['{{ files | join("', '") }}'],
            hive_partitioning = true,
            hive_types = {'{{ partition }}': date}
        )
        {% if refused %}
        where _dlt_load_id not in ('{{ refused | join("', '") }}')
        {% endif %}
        {% else %}
        select
            {% for column in table.columns.values() %}
            cast(null as {{ column.data_type }}) as {{ column.name }}{{ ',' if not loop.last }}
            {% endfor %}
        where false
        {% if files %}
        {# Runs of former versions did not write all columns. #}
        union all by name
        from read_parquet(
            ['{{ files | join("', '") }}'],
            union_by_name = true,
            hive_partitioning = true,
            hive_types = {'{{ partition }}': date}
        )
        {% endif %}
        {% endif %}
    ) as files
{% endmacro %}
