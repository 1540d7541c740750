{# Seals the parts of a build that may be published: `dbt build`, every model and data test of the part, no
   failure. A piece of a part, however green, leaves it dirty, and so do pieces of its rows (--empty, --sample). Only
   where a sealed part was reopened a piece is enough, if all that reads a model of it was built and tested with it.
   A part that was built on marts without a seal gets none: its tables hold what no test has passed.
   The tables of the sealed models are noted: what a renamed model left behind is not for readers; and which of
   their columns are personal data, so that the masked file follows what the models say. #}
{% macro seal_build(results) %}
    {% if execute and flags.WHICH == 'build' and not (flags.EMPTY or flags.SAMPLE) %}
        {% for part in parts_at_work() %}
            {% if is_whole_and_good(part, results) and (part == 'marts' or is_sealed('marts')) %}
                {% do note_seal(part) %}
            {% endif %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{% macro note_seal(part) %}
    {{ return(adapter.dispatch('note_seal')(part)) }}
{% endmacro %}

{% macro default__note_seal(part) %}
    {% do run_query(seal(part)) %}
{% endmacro %}


{% macro is_whole_and_good(part, results) %}
    {% set good = [] %}
    {% set bad = [] %}
    {% for result in results %}
        {% if result.status in ['success', 'pass', 'warn', 'no-op'] %}
            {% do good.append(result.node.unique_id) %}
        {% elif part_of(result.node) == part %}
            {% do bad.append(result.node.unique_id) %}
        {% endif %}
    {% endfor %}
    {% set needed = nodes_of(part) %}
    {% if build_state(part).status == 'reopened' %}
        {% set needed = piece_of(part, good) %}
    {% endif %}
    {{ return(not bad and not (needed | rejectattr('unique_id', 'in', good) | list)) }}
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


{% macro is_sealed(part) %}
    {{ return(build_state(part).status == 'sealed') }}
{% endmacro %}


{% macro seal(part) %}
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
        status = 'sealed',
        sealed_at = {{ utc_now() }},
        data_as_of = (select max(as_of) from ledger.loads where is_built)
    where part = '{{ part }}';
    commit;
{% endmacro %}


{# Spark has tested and sealed what was copied here row by row (orchestration/warehouse/engines/handover.py): the file holds that build. #}
{% macro seal_as_handed_over(build) %}
    {% do run_query(seal('marts')) %}
    {% do run_query("update ledger.state set invocation_id = '" ~ build ~ "' where part = 'marts'") %}
{% endmacro %}
