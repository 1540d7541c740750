{# The instants before which features are taken, as SQL literals: MOOVITAMIX_CUT_OFFS (ISO 8601, with commas between)
   or, by default, two: the day after the newest load that the marts hold, to recommend by, and so many days before
   it, to train by, so that what came in between can evaluate it. Without a load there is none. #}
{% macro cut_offs() %}
    {% set given = env_var('MOOVITAMIX_CUT_OFFS', '') %}
    {% if given %}
        {% set instants = given.split(',') | map('trim') | list %}
    {% elif execute and ledger_exists() %}
        {% set instants = default_cut_offs() %}
    {% else %}
        {% set instants = [] %}
    {% endif %}
    {{ return(instants | map('replace', "'", "''") | list) }}
{% endmacro %}


{% macro default_cut_offs() %}
    {% set newest = run_query('select max(load_date) from ledger.loads where is_built').columns[0].values()[0] %}
    {% if newest is none %}
        {{ return([]) }}
    {% endif %}
    {% set day_after = modules.datetime.date.fromisoformat(newest | string) + modules.datetime.timedelta(days=1) %}
    {% set to_train = day_after - modules.datetime.timedelta(days=test_days() | int) %}
    {{ return([to_train | string, day_after | string]) }}
{% endmacro %}


{# Days that are held out from training, for evaluation; models read the same setting. #}
{% macro test_days() -%}
    {{ return(env_var('MOOVITAMIX_TEST_DAYS', '') or '7') }}
{%- endmacro %}


{# What `from` reads: a row per cut-off, in a column `as_of`. #}
{% macro each_cut_off() %}
    {% set instants = cut_offs() %}
    {%- if instants -%}
    (select cast(instant as timestamp) as as_of from (values ('{{ instants | join("'), ('") }}')) as given (instant)) as cut_offs
    {%- else -%}
    (select cast(null as timestamp) as as_of where false) as cut_offs
    {%- endif -%}
{% endmacro %}
