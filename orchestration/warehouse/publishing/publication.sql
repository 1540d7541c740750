-- What a published file says of itself, beside the marts.
create table publication (
    version integer not null,
    run_id varchar,
    invocation_id varchar not null,
    load_ids varchar[] not null,
    model_hash varchar,
    built_at timestamp,
    published_at timestamp not null,
    parts struct(
        part varchar, invocation_id varchar, model_hash varchar, validated_at timestamp,
        data_as_of timestamp, tables varchar[]
    )[] not null,
    git_commit varchar,
    manifest_hash varchar,
    is_masked boolean not null
);
comment on table publication is 'What this file is: one row.';
comment on column publication.version is 'Counts the publications up from 1.';
comment on column publication.run_id is 'The run that published it, as in the lake''s ops/runs.';
comment on column publication.invocation_id is 'The dbt invocation that validated the marts.';
comment on column publication.load_ids is 'Every accepted load that it holds.';
comment on column publication.model_hash is 'Stands for the models that built the marts.';
comment on column publication.built_at is 'The instant of its newest load: the run''s clock, UTC.';
comment on column publication.published_at is 'When it was published, by the wall clock (UTC).';
comment on column publication.parts is 'Marts, features, …: each part, validated by itself.';
comment on column publication.git_commit is 'The project''s commit; null outside a repository.';
comment on column publication.manifest_hash is 'Stands for all that dbt''s manifest says.';
comment on column publication.is_masked is 'Whether personal data is left empty here.';
create table publication_tables (
    schema_name varchar not null,
    table_name varchar not null,
    rows bigint not null,
    checksum hugeint not null
);
comment on table publication_tables is 'What the tables of this file hold.';
comment on column publication_tables.checksum is
    'The sum of hash() over the rows, all columns: equal for equal rows in whatever order.';
create table publication_files (
    load_id varchar not null,
    run_id varchar,
    kind varchar,
    as_of timestamp,
    table_name varchar not null,
    load_date date not null,
    file varchar not null
);
comment on table publication_files is 'In which files of the lake the records of a load lie.';
comment on column publication_files.load_id is 'As in the marts'' own `load_id`.';
comment on column publication_files.run_id is 'The run that pulled it, as in the lake''s ops/runs.';
comment on column publication_files.file is 'Its path below the lake, as of this publication.';
