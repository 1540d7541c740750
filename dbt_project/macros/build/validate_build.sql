{# Validates the parts of a build that may be published: `dbt build`, every model and data test of the part, no
   failure; a part in which something failed, has failed. A piece of a part, however green, leaves it in progress, and so do pieces of its rows (--empty, --sample). Only
   where a validated part was reopened a piece is enough, if all that reads a model of it was built and tested with it.
   A part that was built on marts that are not validated is not either: its tables hold what no test has passed.
   The tables of the validated models are recorded: what a renamed model left behind is not for readers; and which of
   their columns are personal data, so that the masked file follows what the models say. #}
{% macro validate_build(results) %}
    {% if execute and flags.WHICH in ['build', 'run'] %}
        {% for part in parts_at_work() %}
            {% if failed_nodes(part, results) %}
                {% do note_failed(part) %}
            {% elif is_whole(part, results) and (part == 'marts' or is_validated('marts')) %}
                {% do note_validated(part) %}
            {% endif %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{% macro note_validated(part) %}
    {{ return(adapter.dispatch('note_validated')(part)) }}
{% endmacro %}

{% macro default__note_validated(part) %}
    {% do run_query(mark_validated(part)) %}
{% endmacro %}


{% macro note_failed(part) %}
    {{ return(adapter.dispatch('note_failed')(part)) }}
{% endmacro %}

{% macro default__note_failed(part) %}
    {% do run_query("update ledger.state set status = 'failed' where part = '" ~ part ~ "'") %}
{% endmacro %}


{% macro good_nodes(results) %}
    {% set good = results | selectattr('status', 'in', ['success', 'pass', 'warn', 'no-op']) %}
    {{ return(good | map(attribute='node.unique_id') | list) }}
{% endmacro %}


{% macro failed_nodes(part, results) %}
    {% set good = good_nodes(results) %}
    {% set failed = [] %}
    {% for result in results if result.node.unique_id not in good and part_of(result.node) == part %}
        {% do failed.append(result.node.unique_id) %}
    {% endfor %}
    {{ return(failed) }}
{% endmacro %}


{% macro is_whole(part, results) %}
    {% set good = good_nodes(results) %}
    {% set needed = piece_of(part, good) if build_state(part).status == 'reopened' else nodes_of(part) %}
    {% set is_every_row = flags.WHICH == 'build' and not (flags.EMPTY or flags.SAMPLE) %}
    {{ return(is_every_row and not (needed | rejectattr('unique_id', 'in', good) | list)) }}
{% endmacro %}


{# What was asked for of a part, and what reads a model that was built; by and by, all that follows. #}
{% macro piece_of(part, built) %}
    {% set piece = [] %}
    {% for node in nodes_of(part) %}
        {% set read = node.depends_on.nodes | select('in', built) | list %}
        {% if node.unique_id in selected_resources or read %}
            {% do piece.append(node) %}
        {% endif %}
    {% endfor %}
    {{ return(piece) }}
{% endmacro %}


{% macro is_validated(part) %}
    {{ return(build_state(part).status == 'validated') }}
{% endmacro %}


{% macro mark_validated(part) %}
    begin;
    {% if part == 'marts' %}
    update ledger.loads set is_built = true;
    {% endif %}
    delete from ledger.relations where part = '{{ part }}';
    delete from ledger.personal_columns where part = '{{ part }}';
    {% for node in nodes_of(part) if node.resource_type == 'model' and node.config.materialized != 'view' %}
    insert into ledger.relations (part, schema_name, table_name, row_count)
    select '{{ part }}', '{{ node.schema }}', '{{ node.alias }}', count(*)
    from {{ node.schema }}.{{ node.alias }};
    {% for column in node.columns.values() if (column.config.meta or column.meta).personal_data %}
    insert into ledger.personal_columns (part, schema_name, table_name, column_name)
    values ('{{ part }}', '{{ node.schema }}', '{{ node.alias }}', '{{ column.name }}');
    {% endfor %}
    {% endfor %}
    update ledger.state
    set
        status = 'validated',
        validated_at = {{ utc_now() }},
        as_of = (select max(as_of) from ledger.loads where is_built)
    where part = '{{ part }}';
    commit;
{% endmacro %}


{# Spark has tested and validated what was copied here row by row (orchestration/warehouse/engines/handover.py): the file holds that build. #}
{% macro validate_as_handed_over(build) %}
    {% do run_query(mark_validated('marts')) %}
    {% do run_query("update ledger.state set invocation_id = '" ~ build ~ "' where part = 'marts'") %}
{% endmacro %}
