{# What the app says of a track and of a user, in the order of their tables: a new column is added here, in the
   models' YAML and in lake/schemas.py. Each macro of this folder takes them, and the `key` of the table. #}
{% macro track_attributes() %}
    {{ return(['name', 'artist', 'songwriters', 'duration', 'genres', 'album']) }}
{% endmacro %}


{% macro user_attributes() %}
    {{ return(['first_name', 'last_name', 'email', 'gender', 'favorite_genres']) }}
{% endmacro %}
