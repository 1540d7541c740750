{# What Spark cannot see for itself, written down for it by DuckDB (target `lake_index`) with the very macros that
   open the lake there: which tables have files, which files and loads do not count, and what was taken out. The names of
   files that do not count stay few: torn ones of crashed loads, refused loads, and what a compaction replaced. #}
{% macro index_lake(folder) %}
    {% do open_lake() %}
    {% set index %}
        create table lake_index (source_name varchar, table_name varchar, kind varchar, value varchar)
    {% endset %}
    {% do run_query(index) %}
    {% for table in lake_tables('ops') + lake_tables('raw') %}
        {% do run_query(index_of(table)) %}
        {% for load in loads_in_footers_that_do_not_count(table) if table.source_name == 'raw' %}
            {% do run_query("insert into lake_index values ('raw', '" ~ table.name ~ "', 'refused load', '" ~ load ~ "')") %}
        {% endfor %}
    {% endfor %}
    {% do run_query("copy lake_index to '" ~ folder ~ "/files.parquet'") %}
    {% do run_query("copy (from ops.removed_records) to '" ~ folder ~ "/removed_records.parquet'") %}
{% endmacro %}


{# A file is named by its folder and name, as Spark sees it behind the table's own folder. #}
{% macro index_of(table) %}
    insert into lake_index
    select
        '{{ table.source_name }}',
        '{{ table.name }}',
        case when file in (select file from ({{ files_that_count(table) }}) as counted) then 'file' else 'no file' end,
        regexp_extract(file, '[^/]+/[^/]+$')
    from glob('{{ lake_pattern(table.source_name ~ "/" ~ table.name) }}')
{% endmacro %}
