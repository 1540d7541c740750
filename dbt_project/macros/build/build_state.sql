{# What `begin_build` decided for this build of a part; one that no build has started is built whole. #}
{% macro build_state(part) %}
    {% if execute and ledger_exists() %}
        {% set state = "select status, is_full_refresh from ledger.state where part = '" ~ part ~ "'" %}
        {% set rows = run_query(state).rows %}
        {% if rows %}
            {{ return({'status': rows[0][0], 'is_full_refresh': rows[0][1]}) }}
        {% endif %}
    {% endif %}
    {{ return({'status': 'none', 'is_full_refresh': true}) }}
{% endmacro %}


{# `dbt compile` and `dbt docs generate` run no hooks, so the ledger may not be there yet, or be of an earlier version. #}
{% macro ledger_exists() %}
    {{ return(adapter.dispatch('ledger_exists')()) }}
{% endmacro %}

{% macro default__ledger_exists() %}
    {% set found = "select count(*) from information_schema.columns where table_schema = 'ledger' and table_name = 'state' and column_name = 'validated_at'" %}
    {{ return(run_query(found).columns[0].values()[0] > 0) }}
{% endmacro %}
