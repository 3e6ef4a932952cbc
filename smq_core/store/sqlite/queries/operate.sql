-- name: seen_rows
-- What decides whether an operator's action may touch a message.
SELECT id, status, deliveries, operation, topic, locked_until, worker
FROM smq_messages
WHERE id IN (SELECT value FROM carray(:ids));

-- name: sizes_of
-- Bytes of payload and headers of messages, by id.
SELECT id, octet_length(payload) + ifnull(octet_length(headers), 0)
FROM smq_messages
WHERE id IN (SELECT value FROM carray(:ids));

-- name: begin_operation
-- Record that an operator began something.
INSERT INTO smq_operations(at, actor, action, topic, detail, before)
VALUES (:now, :actor, :action, :topic, :detail, :before);

-- name: count_operation
-- Add to the number of messages an operation changed.
UPDATE smq_operations
SET changed = changed + :changed
WHERE id = :operation;

-- name: discard_operation
-- Forget an operation that changed nothing.
DELETE FROM smq_operations
WHERE id = :operation
  AND changed = 0;

-- name: save_before
-- Keep how messages were before an operation, for its undo; what was processing comes back ready.
INSERT INTO smq_undo(
  operation, message_id, status, status_after, operation_before, deliveries, topic, kind, priority, available_at,
  attempts, max_attempts, headers, dedup_key, last_error, error_kind, finished_at, payload
)
SELECT :operation, id, iif(status = 'processing', 'ready', status), ifnull(:status_after, status), operation, deliveries,
  topic, kind, priority, available_at, attempts, max_attempts, headers, dedup_key, last_error, error_kind, finished_at,
  iif(:with_payload, payload, NULL)
FROM smq_messages
WHERE id IN (SELECT value FROM carray(:ids));

-- name: operator_requeue
-- Make messages ready again, with all their attempts before them; a held key leaves a message as it is.
UPDATE OR IGNORE smq_messages
SET status = 'ready',
  attempts = 0,
  crashes = 0,
  is_suspect = 0,
  available_at = :now,
  finished_at = NULL,
  locked_until = NULL,
  receipt = NULL,
  worker = NULL,
  operation = :operation
WHERE id IN (SELECT value FROM carray(:ids))
  AND status IN ('dead', 'done', 'delayed', 'processing')
  AND (ifnull(locked_until, 0) <= :now OR :force);

-- name: operator_delete
-- Put messages into the trash.
UPDATE smq_messages
SET status = 'deleted',
  finished_at = :now,
  locked_until = NULL,
  receipt = NULL,
  worker = NULL,
  operation = :operation
WHERE id IN (SELECT value FROM carray(:ids))
  AND status <> 'deleted'
  AND (ifnull(locked_until, 0) <= :now OR :force);

-- name: operator_bury
-- Put messages among the dead letters.
UPDATE smq_messages
SET status = 'dead',
  finished_at = :now,
  last_error = :error,
  error_kind = :error,
  locked_until = NULL,
  receipt = NULL,
  worker = NULL,
  operation = :operation
WHERE id IN (SELECT value FROM carray(:ids))
  AND status IN ('ready', 'delayed', 'processing', 'done')
  AND (ifnull(locked_until, 0) <= :now OR :force);

-- name: operator_move
-- Put messages into another topic, in the state they are in; a held key leaves a message as it is.
UPDATE OR IGNORE smq_messages
SET topic = :to,
  receipt = NULL,
  operation = :operation
WHERE id IN (SELECT value FROM carray(:ids))
  AND status IN ('ready', 'delayed', 'dead', 'done')
  AND topic <> :to;

-- name: touched_by
-- Which of some messages an operation has changed.
SELECT id
FROM smq_messages
WHERE id IN (SELECT value FROM carray(:ids))
  AND operation = :operation;

-- name: drop_before
-- Forget how messages were that an operation left alone after all, or that its undo has brought back.
DELETE FROM smq_undo
WHERE operation = :operation
  AND message_id IN (SELECT value FROM carray(:ids));

-- name: edit_message
-- Give a message new values, in the state it is in; what is not set stays as it is, byte for byte.
UPDATE OR IGNORE smq_messages
SET payload = iif(:sets_payload, :payload, payload),
  kind = iif(:sets_kind, :kind, kind),
  priority = iif(:sets_priority, :priority, priority),
  available_at = iif(:sets_available_at, :available_at, available_at),
  headers = iif(:sets_headers, :headers, headers),
  dedup_key = iif(:sets_key, :key, dedup_key),
  max_attempts = iif(:sets_max_attempts, :max_attempts, max_attempts),
  receipt = NULL,
  operation = :operation
WHERE id = :id
  AND status = :status;

-- name: read_for_edit
-- What an edit may change.
SELECT status, payload, kind, priority, available_at, headers, dedup_key, max_attempts, topic
FROM smq_messages
WHERE id = :id;

-- name: purge_some
-- Remove messages of a topic and state for good.
DELETE FROM smq_messages
WHERE id IN (SELECT value FROM carray(:ids))
  AND topic = :topic
  AND status = :state;

-- name: drop_topic
-- Forget the counters of a topic that has no messages.
DELETE FROM smq_topics
WHERE topic = :topic
  AND entered = gone;

-- name: topic_rows
-- Whether anything is known of a topic.
SELECT
  (SELECT entered - gone FROM smq_topics WHERE topic = :topic),
  EXISTS (SELECT 1 FROM smq_policies WHERE topic = :topic)
  OR EXISTS (SELECT 1 FROM smq_pauses WHERE topic = :topic);

-- name: last_operation
-- The last operation of an operator that can be undone.
SELECT max(o.id)
FROM smq_operations AS o
WHERE o.actor = :actor
  AND o.undone_at IS NULL
  AND (o.before IS NOT NULL OR EXISTS (SELECT 1 FROM smq_undo AS u WHERE u.operation = o.id));

-- name: read_operation
-- One operation.
SELECT id, at, actor, action, topic, changed, detail, undone_at, before
FROM smq_operations
WHERE id = :operation;

-- name: later_operation
-- A later operation that changed the same of the same topic: one of the same kind, or a drop, which forgets all of it.
SELECT min(id)
FROM smq_operations
WHERE id > :operation
  AND topic = :topic
  AND undone_at IS NULL
  AND (action = 'drop' OR (action IN ('pause', 'resume')) = (:action IN ('pause', 'resume')))
  AND action IN ('pause', 'resume', 'policy', 'drop');

-- name: undo_page
-- The next messages of an operation, whether each is still as the operation left it, whether it may be again, and the
-- state it goes back to.
SELECT u.message_id, m.status,
  m.id IS NOT NULL AND m.operation IS u.operation AND m.status = u.status_after AND m.deliveries = u.deliveries,
  m.deliveries IS u.deliveries,
  u.status
FROM smq_undo AS u
LEFT JOIN smq_messages AS m ON m.id = u.message_id
WHERE u.operation = :operation
  AND u.message_id > :after
ORDER BY u.message_id
LIMIT :limit;

-- name: undo_topics
-- Where messages are that an undo is about to bring back, where they were, and the state they were in; names as bytes, whatever they are.
SELECT u.message_id, CAST(m.topic AS BLOB), CAST(u.topic AS BLOB), u.status
FROM smq_undo AS u
CROSS JOIN smq_messages AS m ON m.id = u.message_id
WHERE u.operation = :operation
  AND u.message_id IN (SELECT value FROM carray(:ids))
  AND (u.status = 'done' OR u.topic <> m.topic);

-- name: undo_some
-- Put messages back as they were, where nobody touched them since; a held key leaves a message as it is. Each belongs
-- to the operation before again, so that this one can be undone next.
UPDATE OR IGNORE smq_messages
SET status = u.status,
  topic = u.topic,
  kind = u.kind,
  priority = u.priority,
  available_at = u.available_at,
  attempts = u.attempts,
  max_attempts = u.max_attempts,
  headers = u.headers,
  dedup_key = u.dedup_key,
  last_error = u.last_error,
  error_kind = u.error_kind,
  finished_at = u.finished_at,
  payload = ifnull(u.payload, smq_messages.payload),
  receipt = NULL,
  operation = u.operation_before
FROM smq_undo AS u
WHERE u.operation = :operation
  AND u.message_id = smq_messages.id
  AND smq_messages.id IN (SELECT value FROM carray(:ids))
  AND smq_messages.operation = u.operation
  AND smq_messages.status = u.status_after
  AND smq_messages.deliveries = u.deliveries
RETURNING id;

-- name: close_operation
-- Mark an operation as undone, when nothing is left that it could still bring back.
UPDATE smq_operations
SET undone_at = :now
WHERE id = :operation
  AND undone_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM smq_undo AS u WHERE u.operation = smq_operations.id);
