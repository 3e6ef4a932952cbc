-- The ancestor's table has any name; it is first renamed to smq_ancestor. Text is read as bytes, since it may not be valid.

-- name: ancestor_words
-- The status words of an ancestor's table, each with the number of its rows.
SELECT typeof(status), iif(typeof(status) = 'text', CAST(status AS BLOB), status), count(*)
FROM "{table}"
GROUP BY 1, 2
ORDER BY 3 DESC;

-- name: ancestor_rename
-- Give the table the name under which the other statements know it.
ALTER TABLE "{table}" RENAME TO smq_ancestor;

-- name: ancestor_topics
-- Every topic there is.
SELECT DISTINCT typeof(topic), iif(typeof(topic) = 'text', CAST(topic AS BLOB), topic)
FROM smq_ancestor;

-- name: ancestor_last_id
-- The highest id that a message has, or had where the table counted them.
SELECT max(
  ifnull((SELECT max(id) FROM smq_ancestor WHERE typeof(id) = 'integer'), 0),
  ifnull((SELECT max(seq) FROM sqlite_sequence WHERE name = 'smq_ancestor'), 0)
);

-- name: ancestor_rows
-- Every message, in the order of the ids; those without a number come last.
SELECT
  typeof(id), iif(typeof(id) = 'text', CAST(id AS BLOB), id),
  typeof(topic), iif(typeof(topic) = 'text', CAST(topic AS BLOB), topic),
  typeof(payload), iif(typeof(payload) = 'text', CAST(payload AS BLOB), payload),
  typeof(status), iif(typeof(status) = 'text', CAST(status AS BLOB), status),
  typeof(created_at), iif(typeof(created_at) = 'text', CAST(created_at AS BLOB), created_at),
  typeof(available_at), iif(typeof(available_at) = 'text', CAST(available_at AS BLOB), available_at),
  typeof(locked_until), iif(typeof(locked_until) = 'text', CAST(locked_until AS BLOB), locked_until)
FROM smq_ancestor
ORDER BY typeof(id) <> 'integer', id;

-- name: ancestor_insert
-- Take one message over.
INSERT INTO smq_messages(
  id, topic, status, kind, created_at, available_at, locked_until, receipt,
  attempts, deliveries, headers, last_error, error_kind, finished_at, payload
)
VALUES (
  :id, :topic, :status, :kind, :created_at, :available_at, :locked_until, :receipt,
  :attempts, :attempts, :headers, :error, :error, :finished_at, :payload
);

-- name: ancestor_forget_sequence
-- Make room for the next statement.
DELETE FROM sqlite_sequence
WHERE name = 'smq_messages';

-- name: ancestor_set_sequence
-- Go on counting where the ancestor stopped: an id that was used once is not used again.
INSERT INTO sqlite_sequence(name, seq)
VALUES ('smq_messages', :last);

-- name: ancestor_count
-- How many messages were taken over.
SELECT (SELECT count(*) FROM smq_ancestor), (SELECT count(*) FROM smq_messages);

-- name: ancestor_drop
-- The table's messages are in smq_messages now, and the table itself in the backup.
DROP TABLE smq_ancestor;
