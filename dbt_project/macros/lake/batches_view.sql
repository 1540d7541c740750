{# Predictions of all batches. A batch is a folder, `model_version=…/run_id=…`, whose one file is there whole or
   not at all; what it holds of both is what its path says, so a filter on them opens no other file. A column that no
   batch has yet is null. #}
{% macro batches_view(table) %}
    {% set batches = (lake_root() ~ '/ml/' ~ table.name ~ '/*/*/*.parquet') | replace("'", "''") %}
    {% set are_there = run_query("select count(*) from glob('" ~ batches ~ "')").columns[0].values()[0] %}
    {% set rows %}
        read_parquet(
            '{{ batches }}',
            union_by_name = true,
            hive_partitioning = true,
            hive_types = {'model_version': integer, 'run_id': varchar}
        )
    {% endset %}
    {% set columns = run_query('describe select * from ' ~ rows).columns[0].values() | list if are_there else [] %}
    create or replace view {{ table.schema }}.{{ table.identifier }} as
    select
        {% for column in table.columns.values() %}
        cast({{ column.name if column.name in columns else 'null' }} as {{ column.data_type }}) as {{ column.name }}{{ ',' if not loop.last }}
        {% endfor %}
    {% if are_there %}
    from {{ rows }}
    {% else %}
    where false
    {% endif %}
{% endmacro %}
