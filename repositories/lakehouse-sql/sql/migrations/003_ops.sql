-- What the pipelines say about themselves.

create table if not exists lakehouse.ops.data_quality (
    checked_at timestamp(6) with time zone,
    run_id varchar,
    day date,
    layer varchar,
    table_name varchar,
    rule varchar,
    kind varchar,
    column_name varchar,
    severity varchar comment 'an error blocks the next layer, a warning does not',
    passed boolean,
    observed double,
    expected varchar,
    checked_rows bigint,
    failing_rows bigint,
    sample varchar comment 'keys of failing rows, a JSON array'
)
comment 'Each rule of data quality, each time that it was asked'
with (format_version = 2, partitioning = array['month(day)']);

create table if not exists lakehouse.ops.maintenance (
    ran_at timestamp(6) with time zone,
    run_id varchar,
    table_name varchar,
    action varchar,
    outcome varchar comment 'done, nothing, protected, warned or failed',
    seconds double,
    data_files_before bigint,
    data_files_after bigint,
    bytes_before bigint,
    bytes_after bigint,
    manifests_before bigint,
    manifests_after bigint,
    snapshots_before bigint,
    snapshots_after bigint,
    removed_files bigint,
    detail varchar
)
comment 'What the maintenance of tables did'
with (format_version = 2, partitioning = array['month(ran_at)']);

create table if not exists lakehouse.ops.erasures (
    erased_at timestamp(6) with time zone,
    request varchar,
    pseudonym varchar comment 'without the key of the pseudonyms it names nobody',
    until timestamp(6) with time zone comment 'older events of the person are not curated again',
    table_name varchar,
    step varchar comment 'request, remove, forget or prove',
    rows_removed bigint,
    proven boolean,
    detail varchar
)
comment 'Persons who were erased, and the proof'
with (format_version = 2);
