{# Makes every source of the lake a relation: a view over the files that may be read, or, while there are
   none, a typed and empty one. Raw tables show accepted loads only, file by file: one torn file of a crashed
   load would break any glob (docs/decisions/0006). #}
{% macro open_lake() %}
    {% if execute %}
        {% do run_query('create schema if not exists ops') %}
        {% do run_query('create schema if not exists raw') %}
        {% for table in lake_tables('ops') + lake_tables('raw') %}
            {% do run_query(lake_view(table, lake_files(table))) %}
        {% endfor %}
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


{% macro lake_files(table) %}
    {% set files %}
        select file from glob('{{ lake_url() | replace("'", "''") }}/{{ table.source_name }}/{{ table.name }}/*/*.parquet')
        {% if table.source_name == 'raw' %}
        where {{ load_id_of('file') }} in (select load_id from ({{ accepted_loads() }}))
        {% endif %}
        order by file
    {% endset %}
    {{ return(run_query(files).columns[0].values() | map('replace', "'", "''") | list) }}
{% endmacro %}


{# dlt names a file <load id>.<file id>.parquet; a load id is two numbers with a point between. #}
{% macro load_id_of(file) -%}
    regexp_extract({{ file }}, '([0-9]+[.][0-9]+)[.][^/]*$', 1)
{%- endmacro %}


{% macro lake_view(table, files) %}
    {% set partition = {'raw': 'load_date', 'ops': 'day'}[table.source_name] %}
    create or replace view {{ table.schema }}.{{ table.identifier }} as
    select
        {% for column in table.columns.values() if column.name != partition %}
        cast({{ column.name if files else 'null' }} as {{ column.data_type }}) as {{ column.name }},
        {% endfor %}
        cast({{ partition if files else 'null' }} as date) as {{ partition }}
    {% if files %}
    from read_parquet(
        ['{{ files | join("', '") }}'],
        hive_partitioning = true,
        hive_types = {'{{ partition }}': date}
    )
    {% else %}
    where false
    {% endif %}
{% endmacro %}
