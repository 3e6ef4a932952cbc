-- name: look
-- Whether a dequeue has anything to do for a topic: lease, promote, or reclaim (of any topic); and the topic's lease length.
SELECT
  EXISTS (
    SELECT 1
    FROM smq_messages
    WHERE topic = :topic
      AND status = 'ready'
  ),
  EXISTS (
    SELECT 1
    FROM smq_messages
    WHERE topic = :topic
      AND status = 'delayed'
      AND available_at <= :now
  ),
  EXISTS (
    SELECT 1
    FROM smq_pauses
    WHERE topic = :topic
      AND ifnull(paused_until, 9223372036854775807) > :now
  ),
  EXISTS (
    SELECT 1
    FROM smq_messages
    WHERE locked_until <= :now
  )
  OR EXISTS (
    SELECT 1
    FROM smq_messages
    WHERE locked_until > :horizon
  ),
  (
    SELECT visibility_ms
    FROM smq_policies
    WHERE topic = :topic
  );

-- name: promote
-- Make due messages of a topic ready, the longest due first, as many as there are bytes for and at least one; their sizes.
-- The running sum has no order of its own, so that nothing is sorted: in any order it bounds what is rewritten.
UPDATE smq_messages
SET status = 'ready'
WHERE id IN (
    SELECT id
    FROM (
      SELECT id, sum(size) OVER (ROWS UNBOUNDED PRECEDING) - size AS bytes_before
      FROM (
        SELECT id, octet_length(payload) + ifnull(octet_length(headers), 0) AS size
        FROM smq_messages
        WHERE topic = :topic
          AND status = 'delayed'
          AND available_at <= :now
        ORDER BY available_at
        LIMIT :limit
      )
    )
    WHERE bytes_before < :bytes
  )
RETURNING octet_length(payload) + ifnull(octet_length(headers), 0);

-- name: record_expired
-- Keep the failed attempt of each lease that is about to be reclaimed; the same condition and order as reclaim.
INSERT INTO smq_attempts(message_id, attempt, failed_at, outcome, error, worker)
SELECT id, attempts, :now, 'reclaim', :error, worker
FROM (
  SELECT id, attempts, worker, sum(size) OVER (ROWS UNBOUNDED PRECEDING) - size AS bytes_before
  FROM (
    SELECT id, attempts, worker, octet_length(payload) + ifnull(octet_length(headers), 0) AS size
    FROM smq_messages
    WHERE locked_until IS NOT NULL
      AND (locked_until <= :now OR locked_until > :horizon)
    ORDER BY locked_until, topic, id
    LIMIT :limit
  )
)
WHERE bytes_before < :bytes;

-- name: reclaim
-- Take expired leases back (and such that are absurdly far ahead: the clock jumped): ready, or dead when exhausted.
-- The receipt stays, for a late ack. Which are dead now.
UPDATE smq_messages
SET status = iif(
    attempts >= coalesce(
      max_attempts,
      (SELECT p.max_attempts FROM smq_policies AS p WHERE p.topic = smq_messages.topic),
      :default_max_attempts
    ), 'dead', 'ready'),
  finished_at = iif(
    attempts >= coalesce(
      max_attempts,
      (SELECT p.max_attempts FROM smq_policies AS p WHERE p.topic = smq_messages.topic),
      :default_max_attempts
    ), :now, NULL),
  locked_until = NULL,
  worker = NULL,
  last_error = :error,
  error_kind = :error
WHERE id IN (
    SELECT id
    FROM (
      SELECT id, sum(size) OVER (ROWS UNBOUNDED PRECEDING) - size AS bytes_before
      FROM (
        SELECT id, octet_length(payload) + ifnull(octet_length(headers), 0) AS size
        FROM smq_messages
        WHERE locked_until IS NOT NULL
          AND (locked_until <= :now OR locked_until > :horizon)
        ORDER BY locked_until, topic, id
        LIMIT :limit
      )
    )
    WHERE bytes_before < :bytes
  )
RETURNING iif(status = 'dead', id, NULL);

-- name: lease_next
-- The next ready message of a topic, as it will be once it is leased, if that is all there is to do: nothing of the topic is
-- due, no lease has expired (of any topic), and it is not paused.
SELECT id, topic, payload, kind, headers, priority, dedup_key, attempts + 1, deliveries + 1, max_attempts,
  created_at, available_at, last_error, is_suspect,
  :now + coalesce(
    :visibility_ms,
    (SELECT max(1, min(visibility_ms, :longest_ms)) FROM smq_policies WHERE topic = :topic),
    :default_visibility_ms
  )
FROM smq_messages
WHERE topic = :topic
  AND status = 'ready'
  AND NOT EXISTS (
    SELECT 1
    FROM smq_pauses AS p
    WHERE p.topic = :topic
      AND ifnull(p.paused_until, 9223372036854775807) > :now
  )
  AND NOT EXISTS (
    SELECT 1
    FROM smq_messages
    WHERE topic = :topic
      AND status = 'delayed'
      AND available_at <= :now
  )
  AND NOT EXISTS (
    SELECT 1
    FROM smq_messages
    WHERE locked_until <= :now
  )
  AND NOT EXISTS (
    SELECT 1
    FROM smq_messages
    WHERE locked_until > :horizon
  )
ORDER BY priority DESC, id
LIMIT 1;

-- name: lease_page
-- The next ready messages of a topic that is not paused, in order, as they will be once they are leased;
-- read inside the transaction that leases them. In the place of a large payload stands its size, headers included.
SELECT id, topic, iif(octet_length(payload) + ifnull(octet_length(headers), 0) > :large,
    octet_length(payload) + ifnull(octet_length(headers), 0), payload),
  kind, headers, priority, dedup_key, attempts + 1, deliveries + 1, max_attempts,
  created_at, available_at, last_error, is_suspect, :locked_until
FROM smq_messages
WHERE topic = :topic
  AND status = 'ready'
  AND NOT EXISTS (
    SELECT 1
    FROM smq_pauses AS p
    WHERE p.topic = :topic
      AND ifnull(p.paused_until, 9223372036854775807) > :now
  )
ORDER BY priority DESC, id
LIMIT :limit;

-- name: lease_payload
-- The payload of a message that is about to be leased, where the page has left it out.
SELECT payload
FROM smq_messages
WHERE id = :id;

-- name: lease_one
-- Lease one message that was read in this transaction.
UPDATE smq_messages
SET status = 'processing',
  locked_until = :locked_until,
  receipt = :receipt,
  worker = :worker,
  attempts = attempts + 1,
  deliveries = deliveries + 1
WHERE id = :id
  AND status = 'ready';

-- name: lease_many
-- Lease messages that were read in this transaction.
UPDATE smq_messages
SET status = 'processing',
  locked_until = :locked_until,
  receipt = :receipt,
  worker = :worker,
  attempts = attempts + 1,
  deliveries = deliveries + 1
WHERE id IN (SELECT value FROM carray(:ids))
  AND status = 'ready';

-- name: next_priority
-- The highest priority below a bound that has ready messages in a topic: one step of a walk over the distinct ones.
SELECT max(priority)
FROM smq_messages
WHERE topic = :topic
  AND status = 'ready'
  AND priority < :below;

-- name: oldest_of_priority
-- The lowest ids of one priority of a topic that is not paused.
SELECT id
FROM smq_messages
WHERE topic = :topic
  AND status = 'ready'
  AND priority = :priority
  AND NOT EXISTS (
    SELECT 1
    FROM smq_pauses AS p
    WHERE p.topic = :topic
      AND ifnull(p.paused_until, 9223372036854775807) > :now
  )
ORDER BY id
LIMIT :limit;

-- name: lease_rows
-- Ready messages of a topic by id, as they will be once they are leased; read inside the transaction that leases them.
-- In the place of a large payload stands its size, headers included.
SELECT id, topic, iif(octet_length(payload) + ifnull(octet_length(headers), 0) > :large,
    octet_length(payload) + ifnull(octet_length(headers), 0), payload),
  kind, headers, priority, dedup_key, attempts + 1, deliveries + 1, max_attempts,
  created_at, available_at, last_error, is_suspect, :locked_until
FROM smq_messages NOT INDEXED
WHERE id IN (SELECT value FROM carray(:ids))
  AND topic = :topic
  AND status = 'ready'
ORDER BY id;

-- name: texts_of_ready
-- What may keep ready messages from being leased: their text as bytes, and their counts.
SELECT id, iif(typeof(payload) = 'text', CAST(payload AS BLOB), NULL), CAST(headers AS BLOB), CAST(dedup_key AS BLOB),
  CAST(last_error AS BLOB), CAST(kind AS BLOB), attempts, deliveries
FROM smq_messages
WHERE id IN (SELECT value FROM carray(:ids))
  AND status = 'ready';

-- name: bury_unleasable
-- Send a ready message that no lease can carry to the dead letters, with counts that can be counted on.
UPDATE smq_messages
SET status = 'dead',
  kind = iif(kind IN ('json', 'text', 'bytes', 'auto'), kind, iif(typeof(payload) = 'blob', 'bytes', 'text')),
  finished_at = :now,
  last_error = :error,
  error_kind = :error,
  attempts = min(attempts, 1000000),
  deliveries = min(deliveries, 1000000)
WHERE id = :id
  AND status = 'ready';

-- name: dead_messages
-- What the log tells of messages that have become dead.
SELECT id, topic, attempts, last_error
FROM smq_messages
WHERE id IN (SELECT value FROM carray(:ids))
  AND status = 'dead'
ORDER BY id;

-- name: next_due
-- When time alone may change something for a topic: the next delay (not while it is paused, when it would be
-- a reason to look again and again), the end of a pause, the next end of a lease.
SELECT
  (
    SELECT min(available_at)
    FROM smq_messages
    WHERE topic = :topic
      AND status = 'delayed'
      AND NOT EXISTS (
        SELECT 1
        FROM smq_pauses
        WHERE topic = :topic
          AND ifnull(paused_until, 9223372036854775807) > :now
      )
  ),
  (
    SELECT paused_until
    FROM smq_pauses
    WHERE topic = :topic
      AND paused_until > :now
  ),
  (
    SELECT min(locked_until)
    FROM smq_messages
    WHERE locked_until IS NOT NULL
  );
