-- Statements with which the store looks at a file, creates a queue in it, and brings an older one up to date.

-- name: doors_objects
-- What a database holds, SQLite's own tables aside.
SELECT type, name
FROM sqlite_schema
WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\'
ORDER BY name;

-- name: doors_columns
-- The columns of a table, in their order.
SELECT name
FROM pragma_table_info(?)
ORDER BY cid;

-- name: doors_schema_version
-- The version of the schema; one row in a sound queue.
SELECT version
FROM smq_schema;

-- name: doors_set_schema_version
-- Recorded after each migration, in its transaction.
UPDATE smq_schema
SET version = ?;

-- name: doors_application_id
-- Which program says that the file is its own; 0: none.
PRAGMA application_id;

-- name: doors_claim
-- The bytes "smq1": set in files that smq creates, so that `file` and other programs can tell.
PRAGMA application_id = 0x736d7131;

-- name: doors_auto_vacuum
-- Takes effect only before the first table is made.
PRAGMA auto_vacuum = INCREMENTAL;

-- name: doors_extra_sync
-- Also flushes the folder when the journal is deleted: a journal that came back would roll the creation back
-- under a -wal that already holds messages.
PRAGMA synchronous = EXTRA;

-- name: doors_wal
-- Answers the mode that the database is in afterwards.
PRAGMA journal_mode = WAL;

-- name: doors_lock_exclusively
-- Before the first read: the index of the -wal is then kept in memory, and no -shm is made.
PRAGMA locking_mode = EXCLUSIVE;

-- name: doors_begin
-- Writers look again at what they decided on, with the lock in hand.
BEGIN IMMEDIATE;

-- name: doors_commit
COMMIT;

-- name: doors_rollback
ROLLBACK;
