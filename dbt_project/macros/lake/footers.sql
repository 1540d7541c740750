{# Compacted files list in their footers which files they replace, of which loads they hold records, and how
   many of those were taken out (lake/files.py). Footers of a thousand files take 0.07 s to read. #}
{% macro is_compacted(file) -%}
    regexp_matches({{ file }}, '/compacted[.][^/]*$')
{%- endmacro %}


{# Lines of the footers in a folder, as a query: `file_name` and `line`. #}
{% macro footer_lines(folder, key) -%}
    {%- set pattern = lake_pattern(folder, 'compacted.*.parquet') -%}
    {%- if run_query("select count(*) from glob('" ~ pattern ~ "')").columns[0].values()[0] -%}
        select file_name, line
        from (
            select file_name, unnest(string_split(decode(value), chr(10))) as line
            from parquet_kv_metadata('{{ pattern }}')
            where decode(key) = 'moovitamix.{{ key }}'
        ) as footers
        where line <> ''
    {%- else -%}
        select cast(null as varchar) as file_name, cast(null as varchar) as line where false
    {%- endif -%}
{%- endmacro %}


{% macro replaced_files(folder) -%}
    select regexp_replace(file_name, '[^/]*$', '') || line
    from ({{ footer_lines(folder, 'replaces') }}) as replaced
{%- endmacro %}


{# A load may be refused after its records came into a file with others. #}
{% macro loads_in_footers_that_do_not_count(table) %}
    {% set loads %}
        select distinct line from ({{ footer_lines('raw/' ~ table.name, 'loads') }}) as loads
        where line not in (select load_id from ({{ accepted_loads() }}))
        order by line
    {% endset %}
    {{ return(run_query(loads).columns[0].values() | list) }}
{% endmacro %}


{% macro removed_records_view() %}
    create or replace view ops.removed_records as
    select
        split_part(line, ' ', 1) as load_id,
        regexp_extract(file_name, '/([^/]+)/[^/]+/[^/]+$', 1) as table_name,
        split_part(line, ' ', 2) as reason,
        cast(split_part(line, ' ', 3) as bigint) as records,
        cast(regexp_extract(file_name, '/load_date=([^/]+)/[^/]+$', 1) as date) as load_date
    from ({{ footer_lines('raw/*', 'removed') }}) as removed
    where file_name not in ({{ replaced_files('raw/*') }})
{% endmacro %}
