{# What `begin_build` decided for this build; a file that no build has begun in is built whole. #}
{% macro build_state() %}
    {% if execute and ledger_exists() %}
        {% set rows = run_query('select status, is_full_refresh from ledger.state').rows %}
        {% if rows %}
            {{ return({'status': rows[0][0], 'is_full_refresh': rows[0][1]}) }}
        {% endif %}
    {% endif %}
    {{ return({'status': 'none', 'is_full_refresh': true}) }}
{% endmacro %}


{# `dbt compile` and `dbt docs generate` run no hooks, so the book may not be there yet. #}
{% macro ledger_exists() %}
    {% set book = "select count(*) from information_schema.tables where table_schema = 'ledger' and table_name = 'state'" %}
    {{ return(run_query(book).columns[0].values()[0] > 0) }}
{% endmacro %}
