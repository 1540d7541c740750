{# The build file's own book: `ledger.state` (one row) and `ledger.loads` (the accepted loads it has read).
   A command that writes models marks the build dirty; only `seal_build` takes that back. #}
{% macro begin_build() %}
    {% if execute %}
        {% do run_query(ledger()) %}
        {% if flags.WHICH in ['build', 'run'] %}
            {% do require_the_same_lake() %}
            {% set hash = model_hash() %}
            {% set full_refresh = flags.FULL_REFRESH or must_start_over(hash) %}
            {% do run_query(mark_dirty(hash, full_refresh)) %}
        {% endif %}
    {% endif %}
{% endmacro %}


{% macro ledger() %}
    create schema if not exists ledger;
    create table if not exists ledger.state (
        status varchar, invocation_id varchar, run_id varchar, model_hash varchar, is_full_refresh boolean,
        started_at timestamp, sealed_at timestamp
    );
    create table if not exists ledger.loads (
        load_id varchar, load_date date, as_of timestamp, is_built boolean, is_published boolean
    );
    create table if not exists ledger.relations (schema_name varchar, table_name varchar);
{% endmacro %}


{# A lake that is not there, or another one, looks like an empty one: nothing may be built from it over what
   stands. A load that was refused has a verdict; one that is unknown has none. #}
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
{% macro must_start_over(hash) %}
    {% set reasons %}
        select
            not exists (
                select 1 from ledger.state where status = 'sealed' and model_hash = '{{ hash }}'
            )
            or exists (
                select 1 from ledger.loads
                where load_id not in (select load_id from ({{ accepted_loads() }}))
            )
    {% endset %}
    {{ return(run_query(reasons).columns[0].values()[0]) }}
{% endmacro %}


{% macro mark_dirty(hash, full_refresh) %}
    begin;
    delete from ledger.state;
    insert into ledger.state values (
        'dirty', '{{ invocation_id }}', '{{ env_var("MOOVITAMIX_RUN_ID", "") }}', '{{ hash }}',
        {{ full_refresh }}, {{ utc_now() }}, null
    );
    delete from ledger.loads where load_id not in (select load_id from ({{ accepted_loads() }}));
    insert into ledger.loads
    select load_id, load_date, loaded_at, false, false from ({{ accepted_loads() }})
    where load_id not in (select load_id from ledger.loads);
    commit;
{% endmacro %}


{# What decides the content of the marts and its proof: models, tests and macros as written, configurations and contracts, the
   version of dbt and the engine. A new sentence in a description is no reason to build everything anew. #}
{% macro model_hash() %}
    {% set parts = [dbt_version, adapter.type()] %}
    {% for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | sort(attribute='unique_id') %}
        {% do parts.append(node.raw_code ~ node.config.materialized ~ node.config.unique_key ~ node.contract.checksum) %}
    {% endfor %}
    {% for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'test') | sort(attribute='unique_id') %}
        {% do parts.append(node.unique_id ~ node.raw_code ~ node.config.where ~ node.test_metadata) %}
    {% endfor %}
    {% for name, generator in context[project_name] | dictsort %}
        {% do parts.append(generator.macro.macro_sql) %}
    {% endfor %}
    {{ return(local_md5(parts | join(' '))) }}
{% endmacro %}
