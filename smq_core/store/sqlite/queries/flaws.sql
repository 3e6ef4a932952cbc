-- name: flawed_messages
-- Messages with values that the table's own rules refuse (stored with the rules off), which no UPDATE of them can get past, or with
-- counts at their end; whether a lease still holds each, and the columns in question.
SELECT id, status, is_held, rtrim(columns, ', ')
FROM (
  SELECT id, status,
    status = 'processing' AND typeof(locked_until) = 'integer' AND typeof(receipt) = 'integer' AS is_held,
    iif(typeof(topic) = 'text', '', 'topic, ')
    || iif(status IN ('ready', 'processing', 'delayed', 'dead', 'done', 'deleted'), '', 'status, ')
    || iif(kind IN ('json', 'text', 'bytes', 'auto'), '', 'kind, ')
    || iif(typeof(priority) = 'integer' AND priority BETWEEN -100 AND 100, '', 'priority, ')
    || iif(typeof(created_at) = 'integer', '', 'created_at, ')
    || iif(typeof(available_at) = 'integer', '', 'available_at, ')
    || iif(typeof(locked_until) = iif(status = 'processing', 'integer', 'null'), '', 'locked_until, ')
    || iif(
      CASE status
        WHEN 'processing' THEN typeof(receipt) = 'integer'
        WHEN 'done' THEN receipt IS NULL
        WHEN 'deleted' THEN receipt IS NULL
        ELSE typeof(receipt) IN ('integer', 'null')
      END, '', 'receipt, ')
    || iif(typeof(worker) IN ('text', 'null'), '', 'worker, ')
    || iif(typeof(attempts) = 'integer' AND attempts BETWEEN 0 AND 9223372036854775806, '', 'attempts, ')
    || iif(typeof(deliveries) = 'integer' AND deliveries BETWEEN 0 AND 9223372036854775806, '', 'deliveries, ')
    || iif(max_attempts IS NULL OR (typeof(max_attempts) = 'integer' AND max_attempts >= 1), '', 'max_attempts, ')
    || iif(typeof(headers) IN ('text', 'null'), '', 'headers, ')
    || iif(typeof(dedup_key) IN ('text', 'null'), '', 'dedup_key, ')
    || iif(typeof(last_error) IN ('text', 'null'), '', 'last_error, ')
    || iif(typeof(error_kind) IN ('text', 'null'), '', 'error_kind, ')
    || iif(typeof(finished_at) IN ('integer', 'null'), '', 'finished_at, ')
    || iif(typeof(crashes) = 'integer' AND crashes BETWEEN 0 AND 9223372036854775806, '', 'crashes, ')
    || iif(typeof(is_suspect) = 'integer' AND is_suspect IN (0, 1), '', 'is_suspect, ')
    || iif(typeof(operation) IN ('integer', 'null'), '', 'operation, ')
    || iif(typeof(output) IN ('text', 'null'), '', 'output, ')
    || iif(typeof(payload) IN ('text', 'blob'), '', 'payload, ') AS columns
  FROM smq_messages
)
WHERE columns <> '';

-- name: mend_message
-- Give a message values that the table takes, each the nearest to what stands there; its payload stays as it is. One that was to be
-- leased is buried with the reason, and so is one in a state that does not exist; one that is held stays so.
UPDATE smq_messages
SET topic = ifnull(CAST(topic AS TEXT), 'nameless'),
  status = :status,
  kind = iif(kind IN ('json', 'text', 'bytes', 'auto'), kind, iif(typeof(payload) = 'blob', 'bytes', 'text')),
  priority = max(-100, min(100, CAST(ifnull(priority, 0) AS INTEGER))),
  created_at = CAST(ifnull(created_at, :now) AS INTEGER),
  available_at = CAST(ifnull(available_at, :now) AS INTEGER),
  locked_until = iif(:is_held, locked_until, NULL),
  receipt = iif(typeof(receipt) = 'integer' AND :status NOT IN ('done', 'deleted'), receipt, NULL),
  worker = CAST(worker AS TEXT),
  attempts = max(0, min(1000000, CAST(ifnull(attempts, 0) AS INTEGER))),
  deliveries = max(0, min(1000000, CAST(ifnull(deliveries, 0) AS INTEGER))),
  max_attempts = iif(typeof(max_attempts) = 'integer' AND max_attempts >= 1, max_attempts, NULL),
  headers = CAST(headers AS TEXT),
  dedup_key = CAST(dedup_key AS TEXT),
  last_error = iif(:is_buried, :error, CAST(last_error AS TEXT)),
  error_kind = iif(:is_buried, :error, CAST(error_kind AS TEXT)),
  finished_at = iif(:is_buried, :now, iif(typeof(finished_at) = 'integer', finished_at, NULL)),
  crashes = max(0, min(1000000, CAST(ifnull(crashes, 0) AS INTEGER))),
  is_suspect = iif(typeof(is_suspect) = 'integer' AND is_suspect IN (0, 1), is_suspect, 0),
  operation = iif(typeof(operation) = 'integer', operation, NULL),
  output = CAST(output AS TEXT),
  payload = iif(typeof(payload) IN ('text', 'blob'), payload, CAST(ifnull(payload, '') AS TEXT))
WHERE id = :id;

-- name: flawed_topics
-- Topics whose counters stand where no counting can have brought them, so that the next message may not be counted. What entered
-- is what is gone and what is there: recounted, it is below its own bound.
SELECT topic
FROM smq_topics
WHERE max(abs(entered / 4), abs(gone / 2), abs(delayed / 2), abs(dead / 2), abs(done / 2), abs(deleted / 2)) > 2251799813685248;

-- name: flawed_policies
-- Topics with a policy that the table's own rules refuse.
SELECT topic
FROM smq_policies
WHERE iif(max_attempts < 1, 1, 0) + iif(visibility_ms < 1, 1, 0) + iif(keep_ms < 0, 1, 0) > 0;

-- name: mend_policies
-- Unset what the table's own rules refuse.
UPDATE smq_policies
SET max_attempts = iif(max_attempts < 1, NULL, max_attempts),
  visibility_ms = iif(visibility_ms < 1, NULL, visibility_ms),
  keep_ms = iif(keep_ms < 0, NULL, keep_ms);

-- name: zero_topics
-- Let such topics be recounted from nothing.
UPDATE smq_topics
SET entered = 0,
  gone = 0,
  delayed = 0,
  dead = 0,
  done = 0,
  deleted = 0
WHERE max(abs(entered / 4), abs(gone / 2), abs(delayed / 2), abs(dead / 2), abs(done / 2), abs(deleted / 2)) > 2251799813685248;

-- name: recount_topics
-- Recount what is in the table, of topics that have a row: to insert one would be refused where its name is illegal.
UPDATE smq_topics
SET entered = gone + counted.entered,
  delayed = counted.delayed,
  dead = counted.dead,
  done = counted.done,
  deleted = counted.deleted,
  empty_since = NULL
FROM (
  SELECT topic,
    count(*) AS entered,
    sum(status = 'delayed') AS delayed,
    sum(status = 'dead') AS dead,
    sum(status = 'done') AS done,
    sum(status = 'deleted') AS deleted
  FROM smq_messages
  GROUP BY topic
) AS counted
WHERE counted.topic = smq_topics.topic;

-- name: texts_of_messages
-- Every text of every message.
SELECT id, topic, status, kind, worker, headers, dedup_key, last_error, error_kind, output, iif(typeof(payload) = 'text', payload, NULL)
FROM smq_messages;

-- name: names_in_use
-- Every name of a topic that anything is kept under.
SELECT topic
FROM smq_topics
UNION
SELECT topic
FROM smq_messages
UNION
SELECT topic
FROM smq_policies
UNION
SELECT topic
FROM smq_pauses;

-- name: rename_topic
-- Put a topic's messages under another name; what keys they hold there, their owners keep.
UPDATE OR IGNORE smq_messages
SET topic = :to
WHERE topic = CAST(:raw AS TEXT);

-- name: rename_topic_keyless
-- Put those under it that hold a key which is taken there, without their key.
UPDATE smq_messages
SET topic = :to,
  dedup_key = NULL
WHERE topic = CAST(:raw AS TEXT);

-- name: forget_topic
-- Forget the counters of a topic under which nothing is left.
DELETE FROM smq_topics
WHERE topic = CAST(:raw AS TEXT);

-- name: forget_pause
-- Forget a pause of a topic that nobody can resume.
DELETE FROM smq_pauses
WHERE topic = CAST(:raw AS TEXT);

-- name: forget_policy
-- Forget a policy of a topic that nobody can set.
DELETE FROM smq_policies
WHERE topic = CAST(:raw AS TEXT);

-- name: forget_worker
-- Forget a daemon's row that no daemon wrote.
DELETE FROM smq_workers
WHERE id = CAST(:raw AS TEXT);

-- name: operations_used_up
-- Whether another program gave an operation an id so high that soon no other can follow it.
SELECT 1
FROM sqlite_sequence
WHERE name = 'smq_operations'
  AND seq > 9007199254740992;

-- name: last_sensible_operation
-- The highest id of an operation that leaves others enough of them; 0 where there is none.
SELECT ifnull(max(id), 0)
FROM smq_operations
WHERE id <= 4503599627370496;

-- name: absurd_operations
-- Operations with a higher one, in their order.
SELECT id
FROM smq_operations
WHERE id > 4503599627370496
ORDER BY id;

-- name: renumber_operation
-- Give an operation another id.
UPDATE smq_operations
SET id = :to
WHERE id = :from;

-- name: renumber_undo
-- Let what an undo of an operation needs go with it.
UPDATE OR REPLACE smq_undo
SET operation = :to
WHERE operation = :from;

-- name: restart_operations
-- Count operations on from the highest id there is.
UPDATE sqlite_sequence
SET seq = (SELECT ifnull(max(id), 0) FROM smq_operations)
WHERE name = 'smq_operations';
