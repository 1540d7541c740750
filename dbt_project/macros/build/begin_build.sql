{# The build file's own ledger: `ledger.state` (a row per part), `ledger.loads` (the accepted loads that the marts
   have read) and `ledger.relations` (the tables of validated parts). A command that writes models marks their
   parts in progress; only `validate_build` takes that back. A command that asks for a piece of a part by `MOOVITAMIX_PIECE`
   reopens it, and is refused unless the part is validated, of these models, with nothing more to read. #}
{% macro begin_build() %}
    {% if execute %}
        {% do open_ledger() %}
        {% if flags.WHICH in ['build', 'run'] %}
            {% for part in parts_at_work() %}
                {% if part == 'marts' %}
                    {% do require_the_same_lake() %}
                {% endif %}
                {% set hash = model_hash(part) %}
                {% set starts_over = must_start_over(part, hash) %}
                {% set is_piece = env_var('MOOVITAMIX_PIECE', '') == part %}
                {% if is_piece and (starts_over or has_more_to_read(part)) %}
                    {% do exceptions.raise_compiler_error('only the whole of ' ~ part ~ ' can be built') %}
                {% endif %}
                {% set full_refresh = flags.FULL_REFRESH or starts_over %}
                {% set status = 'reopened' if is_piece else 'in_progress' %}
                {% do note_begin(part, hash, full_refresh, status) %}
            {% endfor %}
        {% endif %}
    {% endif %}
{% endmacro %}


{# Spark has its own ledger (macros/spark/ledger.sql). #}
{% macro open_ledger() %}
    {{ return(adapter.dispatch('open_ledger')()) }}
{% endmacro %}

{% macro default__open_ledger() %}
    {% do run_query(ledger()) %}
{% endmacro %}

{% macro note_begin(part, hash, full_refresh, status) %}
    {{ return(adapter.dispatch('note_begin')(part, hash, full_refresh, status)) }}
{% endmacro %}

{% macro default__note_begin(part, hash, full_refresh, status) %}
    {% do run_query(mark_begun(part, hash, full_refresh, status)) %}
{% endmacro %}


{# The state and the tables of a ledger that an earlier version wrote are dropped: the parts are then built from the start. #}
{% macro ledger() %}
    create schema if not exists ledger;
    {% if not ledger_exists() %}
    drop table if exists ledger.state;
    drop table if exists ledger.relations;
    drop table if exists ledger.personal_columns;
    {% endif %}
    create table if not exists ledger.state (
        part varchar, status varchar, invocation_id varchar, run_id varchar, model_hash varchar,
        is_full_refresh boolean, started_at timestamp, validated_at timestamp, as_of timestamp
    );
    create table if not exists ledger.loads (
        load_id varchar, load_date date, as_of timestamp, is_built boolean, is_published boolean
    );
    create table if not exists ledger.relations (
        part varchar, schema_name varchar, table_name varchar, row_count bigint
    );
    create table if not exists ledger.personal_columns (
        part varchar, schema_name varchar, table_name varchar, column_name varchar
    );
{% endmacro %}


{# A lake that is not there, or another one, looks like an empty one: nothing may be built from it over what
   stands. A refused load has a validation result; an unknown one has none. #}
{% macro require_the_same_lake() %}
    {% set unknown %}
        select count(*) from ledger.loads
        where load_id not in (select load_id from ops.load_verdicts)
    {% endset %}
    {% set loads = run_query(unknown).columns[0].values()[0] %}
    {% if loads and not flags.FULL_REFRESH %}
        {% do exceptions.raise_compiler_error(
            'The lake at ' ~ lake_url() ~ ' knows nothing of ' ~ loads ~ ' loads that were built from it. '
            ~ 'Is it there, and the right one? With --full-refresh the build starts over from what it holds.'
        ) %}
    {% endif %}
{% endmacro %}


{# After a failed build, after changed models, and when a load that was read counts no longer. #}
{% macro must_start_over(part, hash) %}
    {% set reasons %}
        select
            not exists (
                select 1 from ledger.state
                where part = '{{ part }}' and status = 'validated' and model_hash = '{{ hash }}'
            )
            {% if part == 'marts' %}
            or exists (
                select 1 from ledger.loads
                where load_id not in (select load_id from ({{ accepted_loads() }}))
            )
            {% endif %}
    {% endset %}
    {{ return(run_query(reasons).columns[0].values()[0]) }}
{% endmacro %}


{# Whether a part has more to read than when it was validated: a piece of it would be of another time than the rest.
   Recommendations read the newest batch of the lake, which has no mark in the ledger: they are always built whole. #}
{% macro has_more_to_read(part) %}
    {% if part == 'recommendations' %}
        {{ return(true) }}
    {% endif %}
    {% set more %}
        select
        {% if part == 'marts' %}
            exists (
                select 1 from ({{ accepted_loads() }})
                where load_id not in (select load_id from ledger.loads where is_built)
            )
        {% else %}
            not exists (
                select 1 from ledger.state as own
                inner join ledger.state as marts on own.validated_at >= marts.validated_at
                where own.part = '{{ part }}' and marts.part = 'marts' and marts.status = 'validated'
            )
        {% endif %}
    {% endset %}
    {{ return(run_query(more).columns[0].values()[0]) }}
{% endmacro %}


{% macro mark_begun(part, hash, full_refresh, status) %}
    begin;
    delete from ledger.state where part = '{{ part }}';
    insert into ledger.state
        (part, status, invocation_id, run_id, model_hash, is_full_refresh, started_at)
    values (
        '{{ part }}', '{{ status }}', '{{ invocation_id }}', '{{ env_var("MOOVITAMIX_RUN_ID", "") }}', '{{ hash }}',
        {{ full_refresh }}, {{ utc_now() }}
    );
    {% if part == 'marts' %}
    delete from ledger.loads where load_id not in (select load_id from ({{ accepted_loads() }}));
    insert into ledger.loads
    select load_id, load_date, as_of, false, false from ({{ accepted_loads() }})
    where load_id not in (select load_id from ledger.loads);
    {% endif %}
    commit;
{% endmacro %}


{# What decides the content of a part and its proof: its models and tests as written, configurations and contracts, the
   macros, the version of dbt and the engine. A new sentence in a description is no reason to build everything
   again; nor, for one part, is a macro in the folder of another (macros/<part>/). #}
{% macro model_hash(part) %}
    {% set written, nodes = [dbt_version, adapter.type()], nodes_of(part) %}
    {% for node in nodes | selectattr('resource_type', 'equalto', 'model') %}
        {% do written.append(node.raw_code ~ node.config.materialized ~ node.config.unique_key ~ node.contract.checksum) %}
    {% endfor %}
    {% for node in nodes | selectattr('resource_type', 'equalto', 'test') %}
        {% do written.append(node.unique_id ~ node.raw_code ~ node.config.where ~ node.test_metadata) %}
    {% endfor %}
    {% for name, generator in context[project_name] | dictsort %}
        {% set folder = generator.macro.original_file_path.split('/')[1] %}
        {% if folder == part or folder not in parts() + ['monitoring'] %}
            {% do written.append(generator.macro.macro_sql) %}
        {% endif %}
    {% endfor %}
    {{ return(local_md5(written | join(' '))) }}
{% endmacro %}
