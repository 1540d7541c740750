{# The build's ledger on Spark. Parquet tables know no update, so what is short is kept as views of literals:
   replacing a view is one step of the metastore, and reading it starts no job. `ledger.state` and `ledger.relations` are
   such; the loads that a validated build has read are a table, rewritten at each validation under a new name. A
   crash leaves a part in progress, whatever was written before: the next build starts over. What is validated is published:
   readers of the metastore see the tables that the build made (docs/scaling.md). #}
{% macro spark__open_ledger() %}
    {% do run_query('create schema if not exists ledger') %}
    {% set there = run_query('show views in ledger').columns['viewName'].values() | list %}
    {% if 'state' not in there %}
        {% do write_relations([]) %}
        {% do write_loads(none) %}
        {% do write_new_days([]) %}
        {% do write_state([]) %}
    {% endif %}
{% endmacro %}


{% macro spark__ledger_exists() %}
    {% set schemas = run_query("show schemas like 'ledger'").rows | list %}
    {{ return(schemas | length > 0 and 'state' in run_query('show views in ledger').columns['viewName'].values() | list) }}
{% endmacro %}


{# A piece of a part never validates it here: it is in progress, whatever it was. #}
{% macro spark__note_begin(part, hash, full_refresh, status) %}
    {% set row = {
        'part': part, 'status': 'in_progress', 'invocation_id': invocation_id, 'model_hash': hash,
        'run_id': env_var('MOOVITAMIX_RUN_ID', ''), 'is_full_refresh': full_refresh,
        'started_at': wall_clock(), 'validated_at': none, 'as_of': none,
    } %}
    {% do write_state(state_without(part) + [row]) %}
    {% if part == 'marts' %}
        {% do write_new_days([] if full_refresh else new_days()) %}
    {% endif %}
{% endmacro %}


{# First what is validated, last its status. #}
{% macro spark__note_validated(part) %}
    {% if part == 'marts' %}
        {% set built = 'ledger.built_' ~ invocation_id | replace('-', '_') %}
        {% do run_query('create table ' ~ built ~ ' using parquet as select load_id, load_date, as_of from (' ~ accepted_loads() ~ ')') %}
        {% do write_loads(built) %}
        {% do drop_all_but(built) %}
    {% endif %}
    {% do write_relations(relations_without(part) + relations_of(part)) %}
    {% set row = ledger_rows('state') | selectattr('part', 'equalto', part) | first %}
    {% set newest = run_query('select max(as_of) from ledger.loads where is_built').columns[0].values()[0] %}
    {% do row.update({'status': 'validated', 'validated_at': wall_clock(), 'as_of': newest}) %}
    {% do write_state(state_without(part) + [row]) %}
{% endmacro %}


{% macro spark__note_failed(part) %}
    {% set row = ledger_rows('state') | selectattr('part', 'equalto', part) | first %}
    {% do row.update({'status': 'failed'}) %}
    {% do write_state(state_without(part) + [row]) %}
{% endmacro %}


{% macro wall_clock() %}
    {{ return(run_query('select ' ~ utc_now()).columns[0].values()[0]) }}
{% endmacro %}


{% macro ledger_rows(view) %}
    {% set answer = run_query('select * from ledger.' ~ view) %}
    {% set rows = [] %}
    {% for row in answer.rows %}
        {% do rows.append(dict(zip(answer.column_names, row.values()))) %}
    {% endfor %}
    {{ return(rows) }}
{% endmacro %}


{% macro state_without(part) %}
    {{ return(ledger_rows('state') | rejectattr('part', 'equalto', part) | list) }}
{% endmacro %}


{% macro relations_without(part) %}
    {{ return(ledger_rows('relations') | rejectattr('part', 'equalto', part) | list) }}
{% endmacro %}


{% macro relations_of(part) %}
    {% set counts = [] %}
    {% for node in nodes_of(part) if node.resource_type == 'model' and node.config.materialized != 'view' %}
        {% do counts.append("select '" ~ part ~ "' as part, '" ~ node.schema ~ "' as schema_name, '" ~ node.alias ~ "' as table_name, count(*) as row_count from " ~ node.schema ~ '.' ~ node.alias) %}
    {% endfor %}
    {% set rows = [] %}
    {% for row in run_query(counts | join(' union all ')).rows %}
        {% do rows.append({'part': row[0], 'schema_name': row[1], 'table_name': row[2], 'row_count': row[3]}) %}
    {% endfor %}
    {{ return(rows) }}
{% endmacro %}


{% macro write_state(rows) %}
    {% do write_literals('state', {
        'status': 'string', 'invocation_id': 'string', 'run_id': 'string', 'model_hash': 'string',
        'is_full_refresh': 'boolean', 'started_at': 'timestamp', 'validated_at': 'timestamp', 'part': 'string',
        'as_of': 'timestamp',
    }, rows) %}
{% endmacro %}


{% macro write_relations(rows) %}
    {% do write_literals('relations', {
        'schema_name': 'string', 'table_name': 'string', 'part': 'string', 'row_count': 'bigint',
    }, rows) %}
{% endmacro %}


{% macro write_literals(view, columns, rows) %}
    {% set selects = [] %}
    {% for row in rows or [{}] %}
        {% set literals = [] %}
        {% for name, type in columns.items() %}
            {% set value = row.get(name) %}
            {% do literals.append('cast(' ~ ('null' if value is none else "'" ~ value ~ "'") ~ ' as ' ~ type ~ ') as ' ~ name) %}
        {% endfor %}
        {% do selects.append('select ' ~ literals | join(', ') ~ ('' if rows else ' where false')) %}
    {% endfor %}
    {% do run_query('create or replace view ledger.' ~ view ~ ' as ' ~ selects | join(' union all ')) %}
{% endmacro %}


{# The days on which the sessions of loads began that this build is the first to read; a build from the start reads all. #}
{% macro new_days() %}
    {% set query %}
        select distinct cast(created_at as date) as new_day from raw.listen_history
        where {{ in_new_loads() | replace('load_id', '_dlt_load_id') }} and created_at is not null
    {% endset %}
    {% set rows = [] %}
    {% for day in run_query(query).columns[0].values() %}
        {% do rows.append({'new_day': day}) %}
    {% endfor %}
    {{ return(rows) }}
{% endmacro %}

{% macro write_new_days(rows) %}
    {% do write_literals('new_days', {'new_day': 'date'}, rows) %}
{% endmacro %}


{# Loads that a validated build has read, and accepted ones that none has. #}
{% macro write_loads(built) %}
    {% set loads %}
        create or replace view ledger.loads as
        {% if built %}
        select load_id, load_date, as_of, true as is_built, true as is_published from {{ built }}
        union all
        {% endif %}
        select load_id, load_date, as_of, false as is_built, false as is_published
        from ({{ accepted_loads() }}) as accepted
        {% if built %}
        where load_id not in (select load_id from {{ built }})
        {% endif %}
    {% endset %}
    {% do run_query(loads) %}
{% endmacro %}


{% macro drop_all_but(built) %}
    {% for name in run_query("show tables in ledger like 'built_*'").columns['tableName'].values() %}
        {% if 'ledger.' ~ name != built %}
            {% do run_query('drop table ledger.' ~ name) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
