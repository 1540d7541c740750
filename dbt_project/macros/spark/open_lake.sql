{# The same relations as on DuckDB. A table over the folder, with the declared columns, opens no file; a view over
   it leaves out, by their names, the files that do not count, before Spark opens any. #}
{% macro spark__open_lake() %}
    {% if execute %}
        {% set index = read_index() %}
        {% for schema in ['ops', 'raw', 'ml'] %}
            {% do run_query('create schema if not exists ' ~ schema) %}
        {% endfor %}
        {% for table in lake_tables('ops') + lake_tables('raw') + lake_tables('ml') %}
            {% do open_table(table, index) %}
        {% endfor %}
        {% do run_query(removed_records_of_index()) %}
    {% endif %}
{% endmacro %}


{% macro index_folder() %}
    {{ return((env_var('MOOVITAMIX_DATA_DIR', '') or 'data') ~ '/spark/index') }}
{% endmacro %}


{# {(source, table): {kind: [values]}}, of the few kinds that are no counted file; and which tables have any file. #}
{% macro read_index() %}
    {% set query %}
        select source_name, table_name, kind, value from parquet.`{{ index_folder() }}/files.parquet`
        where kind <> 'file'
        union all
        select distinct source_name, table_name, 'file' as kind, '' as value
        from parquet.`{{ index_folder() }}/files.parquet`
        where kind = 'file'
    {% endset %}
    {% set index = {} %}
    {% for row in run_query(query).rows %}
        {% do index.setdefault((row[0], row[1]), {}).setdefault(row[2], []).append(row[3]) %}
    {% endfor %}
    {{ return(index) }}
{% endmacro %}


{% macro open_table(table, index) %}
    {% set known = index.get((table.source_name, table.name), {}) %}
    {% set in_path = columns_in_path(table) %}
    {% if known.get('file') or table.source_name == 'ml' %}
        {% set files = table.schema ~ '.files_of_' ~ table.name %}
        {% do run_query('drop table if exists ' ~ files) %}
        {% do run_query(table_of_files(table, files, in_path)) %}
        {% do run_query(view_of_files(table, files, in_path, known)) %}
    {% else %}
        {% do run_query(empty_view(table)) %}
    {% endif %}
{% endmacro %}


{# Columns that are folders, `name=value`, and not in the files. #}
{% macro columns_in_path(table) %}
    {{ return({'raw': ['load_date'], 'ops': ['day'], 'ml': ['model_version', 'run_id']}[table.source_name]) }}
{% endmacro %}


{% macro table_of_files(table, files, in_path) %}
    create table {{ files }} (
        {% for column in table.columns.values() if column.name not in in_path %}
        {{ column.name }} {{ spark_type(column.data_type) }}{{ ',' if not loop.last }}
        {% endfor %}
    )
    using parquet
    options (recursiveFileLookup 'true')
    location '{{ lake_url() }}/{{ table.source_name }}/{{ table.name }}'
{% endmacro %}


{% macro view_of_files(table, files, in_path, known) %}
    create or replace view {{ table.schema }}.{{ table.identifier }} as
    select
        {% for column in table.columns.values() %}
        {% if column.name in in_path %}
        cast(regexp_extract(_metadata.file_path, '.*/{{ column.name }}=([^/]+)/', 1) as {{ spark_type(column.data_type) }}) as {{ column.name }}
        {%- else %}
        {{ column.name }}
        {%- endif %}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ files }}
    where
        true
        {% if known.get('no file') %}
        and substring_index(_metadata.file_path, '/', -2) not in ('{{ known['no file'] | join("', '") }}')
        {% endif %}
        {% if known.get('refused load') %}
        and _dlt_load_id not in ('{{ known['refused load'] | join("', '") }}')
        {% endif %}
{% endmacro %}


{% macro empty_view(table) %}
    create or replace view {{ table.schema }}.{{ table.identifier }} as
    select
        {% for column in table.columns.values() %}
        cast(null as {{ spark_type(column.data_type) }}) as {{ column.name }}{{ ',' if not loop.last }}
        {% endfor %}
    where false
{% endmacro %}


{% macro removed_records_of_index() %}
    create or replace view ops.removed_records as
    select load_id, table_name, reason, records, load_date
    from parquet.`{{ index_folder() }}/removed_records.parquet`
{% endmacro %}
