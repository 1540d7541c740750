{# dbt asks this before each incremental model. On top of --full-refresh, a build starts over after a failed
   build and after changed models: `begin_build` decided it, so nothing untested slips through. #}
{% macro should_full_refresh() %}
    {% set configured = config.get('full_refresh') %}
    {% if configured is not none %}
        {{ return(configured) }}
    {% endif %}
    {{ return(flags.FULL_REFRESH or build_state(part_of(model)).is_full_refresh) }}
{% endmacro %}
