{# The parts of the build file, in the order in which they build on each other. Each has its own line in
   `ledger.state`, its own hash and is validated by itself: a feature that changed rebuilds no mart. #}
{% macro parts() %}
    {{ return(['marts', 'features', 'recommendations']) }}
{% endmacro %}


{# The part that a model or a test belongs to: the folder it lies in, under models/ or tests/; else the marts.
   `monitoring` is none of the parts, for it is built into its own file. #}
{% macro part_of(node, folders=none) %}
    {% set folder = node.fqn[1] if node and node.fqn | length > 2 else '' %}
    {{ return(folder if folder in (folders or part_folders()) else 'marts') }}
{% endmacro %}

{% macro part_folders() %}
    {{ return(parts() + ['monitoring']) }}
{% endmacro %}


{# Models and data tests of a part. #}
{% macro nodes_of(part) %}
    {% set nodes, folders = [], part_folders() %}
    {% for node in graph.nodes.values() if node.resource_type in ['model', 'test'] and part_of(node, folders) == part %}
        {% do nodes.append(node) %}
    {% endfor %}
    {{ return(nodes | sort(attribute='unique_id')) }}
{% endmacro %}


{# The parts of which this command writes something, by what dbt selected and not by any name. #}
{% macro parts_at_work() %}
    {% set at_work, folders = [], part_folders() %}
    {% for name in selected_resources if (graph.nodes.get(name) or {}).resource_type in ['model', 'test'] %}
        {% do at_work.append(part_of(graph.nodes[name], folders)) %}
    {% endfor %}
    {{ return(parts() | select('in', at_work) | list) }}
{% endmacro %}
