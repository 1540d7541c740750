{# Seals a build that may be published: `dbt build`, every model and data test of the marts, no failure.
   A part of the graph, however green, leaves the build dirty, and so do parts of its rows (--empty, --sample).
   The tables of the sealed models are noted: what a renamed model left behind is not for readers. #}
{% macro seal_build(results) %}
    {% if execute and flags.WHICH == 'build' and not (flags.EMPTY or flags.SAMPLE) %}
        {% set good = results | selectattr('status', 'in', ['success', 'pass', 'warn']) | map(attribute='node.unique_id') | list %}
        {% set bad = results | rejectattr('status', 'in', ['success', 'pass', 'warn']) | list %}
        {% set whole = namespace(value=true) %}
        {% for node in graph.nodes.values() if node.resource_type in ['model', 'test'] and node.unique_id not in good %}
            {% set whole.value = false %}
        {% endfor %}
        {% if whole.value and not bad %}
            {% set seal %}
                begin;
                update ledger.loads set is_built = true;
                delete from ledger.relations;
                {% for node in graph.nodes.values() if node.resource_type == 'model' and node.config.materialized != 'view' %}
                insert into ledger.relations values ('{{ node.schema }}', '{{ node.alias }}');
                {% endfor %}
                update ledger.state set status = 'sealed', sealed_at = {{ utc_now() }};
                commit;
            {% endset %}
            {% do run_query(seal) %}
        {% endif %}
    {% endif %}
{% endmacro %}
