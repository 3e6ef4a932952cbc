-- name: doors_objects
-- What a database holds, SQLite's own tables aside.
SELECT type, name
FROM sqlite_schema
WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\'
ORDER BY name;

-- name: doors_columns
-- The names of a table's columns.
SELECT name
FROM pragma_table_info(:table);

-- name: doors_schema_version
-- The version of the schema: one row, in a sound queue.
SELECT version
FROM smq_schema;

-- name: doors_set_schema_version
-- Record a migration, in its transaction.
UPDATE smq_schema
SET version = :version;

-- name: doors_definitions
-- Everything under our names, as it was made.
SELECT name, type, sql
FROM sqlite_schema
WHERE name LIKE 'smq\_%' ESCAPE '\'
ORDER BY name;
