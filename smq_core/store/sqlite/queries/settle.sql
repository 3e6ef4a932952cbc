-- name: ack_one
-- Remove a processed message: by id and receipt, whatever became of the lease meanwhile; not where its topic keeps history.
DELETE FROM smq_messages
WHERE id = :id
  AND receipt = :receipt
  AND NOT EXISTS (
    SELECT 1
    FROM smq_policies AS p
    WHERE p.topic = smq_messages.topic
      AND p.keep_ms > 0
  );

-- name: ack_many
-- Remove processed messages of one dequeue call.
DELETE FROM smq_messages
WHERE id IN (SELECT value FROM carray(:ids))
  AND receipt = :receipt
  AND NOT EXISTS (
    SELECT 1
    FROM smq_policies AS p
    WHERE p.topic = smq_messages.topic
      AND p.keep_ms > 0
  );

-- name: finish_many
-- Keep processed messages as done, where their topic keeps history.
UPDATE smq_messages
SET status = 'done',
  locked_until = NULL,
  receipt = NULL,
  finished_at = :now
WHERE id IN (SELECT value FROM carray(:ids))
  AND receipt = :receipt
  AND EXISTS (
    SELECT 1
    FROM smq_policies AS p
    WHERE p.topic = smq_messages.topic
      AND p.keep_ms > 0
  );

-- name: held
-- Which of some messages a receipt is still good for.
SELECT id
FROM smq_messages
WHERE id IN (SELECT value FROM carray(:ids))
  AND receipt = :receipt;

-- name: read_attempt
-- What decides the fate of a message that its holder gives back.
SELECT m.topic, m.attempts, m.max_attempts, m.worker, m.crashes,
  p.max_attempts, p.backoff
FROM smq_messages AS m
LEFT JOIN smq_policies AS p ON p.topic = m.topic
WHERE m.id = :id
  AND m.receipt = :receipt
  AND m.status = 'processing';

-- name: requeue_one
-- Give a processing message back, or to the dead letters.
UPDATE smq_messages
SET status = :status,
  available_at = :available_at,
  finished_at = :finished_at,
  last_error = :error,
  error_kind = :error_kind,
  locked_until = NULL,
  receipt = NULL,
  worker = NULL,
  is_suspect = 0
WHERE id = :id
  AND receipt = :receipt
  AND status = 'processing';

-- name: record_attempt
-- Keep one failed attempt; a trigger keeps the last ten of a message.
INSERT INTO smq_attempts(message_id, attempt, failed_at, outcome, error, worker)
VALUES (:id, :attempt, :now, :outcome, :error, :worker);

-- name: release_many
-- Give processing messages back uncounted.
UPDATE smq_messages
SET status = 'ready',
  attempts = max(attempts - 1, 0),
  locked_until = NULL,
  receipt = NULL,
  worker = NULL
WHERE id IN (SELECT value FROM carray(:ids))
  AND receipt = :receipt
  AND status = 'processing';

-- name: held_processing
-- Which of some messages a receipt is still good for, and their topics' lease length.
SELECT m.id, p.visibility_ms
FROM smq_messages AS m
LEFT JOIN smq_policies AS p ON p.topic = m.topic
WHERE m.id IN (SELECT value FROM carray(:ids))
  AND m.receipt = :receipt
  AND m.status = 'processing';

-- name: extend_many
-- Push the end of leases out.
UPDATE smq_messages
SET locked_until = :locked_until
WHERE id IN (SELECT value FROM carray(:ids))
  AND receipt = :receipt
  AND status = 'processing';

-- name: held_by
-- Every lease that a worker holds, found among the leases and sorted: the planner would walk the whole table in order.
SELECT id, receipt
FROM smq_messages INDEXED BY smq_leased
WHERE locked_until IS NOT NULL
  AND worker = :worker
ORDER BY id;

-- name: recover_one
-- Return a message of a worker that died; the receipt stays, for an ack that comes late all the same.
UPDATE smq_messages
SET status = :status,
  finished_at = :finished_at,
  attempts = :attempts,
  crashes = :crashes,
  is_suspect = :is_suspect,
  last_error = ifnull(:error, last_error),
  error_kind = ifnull(:error_kind, error_kind),
  locked_until = NULL,
  worker = NULL
WHERE id = :id
  AND receipt = :receipt
  AND worker = :worker
  AND status = 'processing';
