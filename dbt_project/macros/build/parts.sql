{# The parts of the build file, in the order in which they build on each other. Each has its own line in
   `ledger.state`, its own hash and is validated by itself: a feature that changed rebuilds no mart. #}
{% macro parts() %}
    {{ return(['marts', 'features', 'recommendations']) }}
{% endmacro %}


{# The part that a model or a test belongs to: the folder it lies in, under models/ or tests/; else the marts.
   `monitoring` is none of the parts, for it is built into its own file. #}
{% macro part_of(node) %}
    {% set folder = node.fqn[1] if node and node.fqn | length > 2 else '' %}
    {{ return(folder if folder in parts() + ['monitoring'] else 'marts') }}
{% endmacro %}


{# Models and data tests of a part. #}
{% macro nodes_of(part) %}
    {% set nodes = [] %}
    {% for node in graph.nodes.values() if node.resource_type in ['model', 'test'] and part_of(node) == part %}
        {% do nodes.append(node) %}
    {% endfor %}
    {{ return(nodes | sort(attribute='unique_id')) }}
{% endmacro %}


{# The parts of which this command writes something, by what dbt selected and not by any name. #}
{% macro parts_at_work() %}
    {% set at_work = [] %}
    {% for part in parts() if nodes_of(part) | selectattr('unique_id', 'in', selected_resources) | list %}
        {% do at_work.append(part) %}
    {% endfor %}
    {{ return(at_work) }}
{% endmacro %}
