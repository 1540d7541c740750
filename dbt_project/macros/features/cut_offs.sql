{# The instants before which features are taken, as SQL literals: MOOVITAMIX_CUT_OFFS (ISO 8601, with commas between)
   or, by default, the day after the newest load that the marts hold. Without a load there is none. #}
{% macro cut_offs() %}
    {% set given = env_var('MOOVITAMIX_CUT_OFFS', '') %}
    {% if given %}
        {% set instants = given.split(',') | map('trim') | list %}
    {% elif execute and ledger_exists() %}
        {% set newest = "select cast(max(load_date) + 1 as varchar) from ledger.loads where is_built" %}
        {% set instants = run_query(newest).columns[0].values() | select('string') | list %}
    {% else %}
        {% set instants = [] %}
    {% endif %}
    {{ return(instants | map('replace', "'", "''") | list) }}
{% endmacro %}


{# What `from` reads: a row per cut-off, in a column `as_of`. #}
{% macro each_cut_off() %}
    {% set instants = cut_offs() %}
    {%- if instants -%}
    (select cast(instant as timestamp) as as_of from (values ('{{ instants | join("'), ('") }}')) as given (instant)) as cut_offs
    {%- else -%}
    (select cast(null as timestamp) as as_of where false) as cut_offs
    {%- endif -%}
{% endmacro %}
