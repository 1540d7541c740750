{# What counts as listening to a recommended track: `again` where it was recommended for having been played, else
   `first`, for the first time ever. #}
{% macro counted_listens() -%}
    case when strategy in ('again', 'played_lately', 'played_often') then 'again' else 'first' end
{%- endmacro %}


{# The places of a list in five groups, as text that sorts. #}
{% macro rank_group() -%}
    case
        when rank = 1 then '01'
        when rank <= 3 then '02-03'
        when rank <= 10 then '04-10'
        when rank <= 30 then '11-30'
        else '31+'
    end
{%- endmacro %}


{# Wilson's interval of a share, 95 % (Wilson 1927): it holds for few trials and for shares near zero, too. #}
{% macro wilson_low(hits, trials) -%}
    {{ wilson_bound(hits, trials, '-') }}
{%- endmacro %}

{% macro wilson_high(hits, trials) -%}
    {{ wilson_bound(hits, trials, '+') }}
{%- endmacro %}

{# Rounding must not leave what a share can be. #}
{% macro wilson_bound(hits, trials, sign) -%}
    {%- set z = 1.959963984540054 -%}
    {%- set n = 'cast(' ~ trials ~ ' as double)' -%}
    {%- set share = '(' ~ hits ~ ' / ' ~ n ~ ')' -%}
    {%- set spread = share ~ ' * (1 - ' ~ share ~ ') / ' ~ n ~ ' + ' ~ (z * z / 4) ~ ' / (' ~ n ~ ' * ' ~ n ~ ')' -%}
    {%- set middle = share ~ ' + ' ~ (z * z / 2) ~ ' / ' ~ n -%}
    {%- set bound = '(' ~ middle ~ ' ' ~ sign ~ ' ' ~ z ~ ' * sqrt(' ~ spread ~ ')) / (1 + ' ~ (z * z) ~ ' / ' ~ n ~ ')' -%}
    least(cast(1 as double), greatest(cast(0 as double), {{ bound }}))
{%- endmacro %}
