-- Layers of the lakehouse that SQL fills. Migrations run in the order of their names, each time, and change only what is missing.
create schema if not exists lakehouse.gold;
create schema if not exists lakehouse.ops;
