-- name: prune_due
-- Whether there is anything to prune; each condition is that of the statement that does it.
SELECT EXISTS (
    SELECT 1
    FROM smq_topics AS t
    LEFT JOIN smq_policies AS p ON p.topic = t.topic
    CROSS JOIN smq_messages AS m INDEXED BY smq_finished
    WHERE t.done > 0
      AND m.topic = t.topic
      AND m.status = 'done'
      AND m.status < 'e'
      AND m.status <> 'delayed'
      AND m.finished_at <= :now - ifnull(p.keep_ms, 0)
  )
  OR EXISTS (
    SELECT 1
    FROM smq_topics AS t
    CROSS JOIN smq_messages AS m INDEXED BY smq_finished
    WHERE t.deleted > 0
      AND m.topic = t.topic
      AND m.status = 'deleted'
      AND m.status < 'e'
      AND m.status <> 'delayed'
      AND m.finished_at <= :before
  )
  OR EXISTS (
    SELECT 1
    FROM smq_topics AS t
    CROSS JOIN smq_messages AS m INDEXED BY smq_finished
    WHERE t.done + t.deleted > 0
      AND m.topic = t.topic
      AND m.status IN ('done', 'deleted')
      AND m.status < 'e'
      AND m.status <> 'delayed'
      AND m.finished_at IS NULL
  )
  OR EXISTS (
    SELECT 1
    FROM smq_undo
    WHERE operation < (
        SELECT ifnull(min(id), 9223372036854775807)
        FROM smq_operations
        WHERE at > :before
      )
  )
  OR EXISTS (
    SELECT 1
    FROM smq_operations AS o
    WHERE o.id <= (SELECT max(id) FROM smq_operations) - :keep
      AND NOT EXISTS (SELECT 1 FROM smq_undo AS u WHERE u.operation = o.id)
  );

-- name: prune_done
-- Remove finished messages that are older than their topic keeps, as many as there are bytes for and at least one.
DELETE FROM smq_messages
WHERE id IN (
    SELECT id
    FROM (
      SELECT id, sum(size) OVER (ROWS UNBOUNDED PRECEDING) - size AS bytes_before
      FROM (
        SELECT m.id, octet_length(m.payload) + ifnull(octet_length(m.headers), 0) AS size
        FROM smq_topics AS t
        LEFT JOIN smq_policies AS p ON p.topic = t.topic
        CROSS JOIN smq_messages AS m INDEXED BY smq_finished
        WHERE t.done > 0
          AND m.topic = t.topic
          AND m.status = 'done'
          AND m.status < 'e'
          AND m.status <> 'delayed'
          AND m.finished_at <= :now - ifnull(p.keep_ms, 0)
        LIMIT :limit
      )
    )
    WHERE bytes_before < :bytes
  );

-- name: prune_trash
-- Remove deleted messages that nobody brought back in time, as many as there are bytes for and at least one.
DELETE FROM smq_messages
WHERE id IN (
    SELECT id
    FROM (
      SELECT id, sum(size) OVER (ROWS UNBOUNDED PRECEDING) - size AS bytes_before
      FROM (
        SELECT m.id, octet_length(m.payload) + ifnull(octet_length(m.headers), 0) AS size
        FROM smq_topics AS t
        CROSS JOIN smq_messages AS m INDEXED BY smq_finished
        WHERE t.deleted > 0
          AND m.topic = t.topic
          AND m.status = 'deleted'
          AND m.status < 'e'
          AND m.status <> 'delayed'
          AND m.finished_at <= :before
        LIMIT :limit
      )
    )
    WHERE bytes_before < :bytes
  )
RETURNING CAST(topic AS BLOB);

-- name: date_finished
-- Give finished and deleted messages that were made so by hand the time from which they are kept; it writes them again, so that
-- their bytes count.
UPDATE smq_messages
SET finished_at = :now
WHERE id IN (
    SELECT id
    FROM (
      SELECT id, sum(size) OVER (ROWS UNBOUNDED PRECEDING) - size AS bytes_before
      FROM (
        SELECT m.id, octet_length(m.payload) + ifnull(octet_length(m.headers), 0) AS size
        FROM smq_topics AS t
        CROSS JOIN smq_messages AS m INDEXED BY smq_finished
        WHERE t.done + t.deleted > 0
          AND m.topic = t.topic
          AND m.status IN ('done', 'deleted')
          AND m.status < 'e'
          AND m.status <> 'delayed'
          AND m.finished_at IS NULL
        LIMIT :limit
      )
    )
    WHERE bytes_before < :bytes
  );

-- name: prune_undo
-- Forget how to undo what is too old for it: all operations before the first that is not.
DELETE FROM smq_undo
WHERE (operation, message_id) IN (
    SELECT operation, message_id
    FROM smq_undo
    WHERE operation < (
        SELECT ifnull(min(id), 9223372036854775807)
        FROM smq_operations
        WHERE at > :before
      )
    ORDER BY operation, message_id
    LIMIT :limit
  );

-- name: prune_activity
-- Keep only the last entries of the activity, and those that can be undone yet.
DELETE FROM smq_operations
WHERE id IN (
    SELECT o.id
    FROM smq_operations AS o
    WHERE o.id <= (SELECT max(id) FROM smq_operations) - :keep
      AND NOT EXISTS (SELECT 1 FROM smq_undo AS u WHERE u.operation = o.id)
    ORDER BY o.id
    LIMIT :limit
  );

-- name: stale_topics
-- Whether any topic became empty, or is so no longer, or has been (marked as empty, it is) for long enough to be dropped.
SELECT EXISTS (
    SELECT 1
    FROM smq_topics
    WHERE (entered = gone) <> (empty_since IS NOT NULL)
  )
  OR EXISTS (
    SELECT 1
    FROM smq_topics AS t
    WHERE t.empty_since <= :before
      AND NOT EXISTS (SELECT 1 FROM smq_policies AS p WHERE p.topic = t.topic)
      AND NOT EXISTS (SELECT 1 FROM smq_pauses AS u WHERE u.topic = t.topic)
  );

-- name: mark_empty
-- Note since when a topic has been empty, and forget it when it is not any more.
UPDATE smq_topics
SET empty_since = iif(entered = gone, ifnull(empty_since, :now), NULL)
WHERE topic IN (
    SELECT topic
    FROM smq_topics
    WHERE (entered = gone) <> (empty_since IS NOT NULL)
    LIMIT :limit
  );

-- name: drop_empty
-- Drop topics that have been empty for long, and for which nothing is set.
DELETE FROM smq_topics
WHERE topic IN (
    SELECT t.topic
    FROM smq_topics AS t
    WHERE t.empty_since <= :before
      AND t.entered = t.gone
      AND NOT EXISTS (SELECT 1 FROM smq_policies AS p WHERE p.topic = t.topic)
      AND NOT EXISTS (SELECT 1 FROM smq_pauses AS u WHERE u.topic = t.topic)
    LIMIT :limit
  );

-- name: daemon_prunes
-- Whether a daemon lives, whose janitor prunes; a heartbeat far ahead is one of a clock that was wrong.
SELECT EXISTS (
    SELECT 1
    FROM smq_workers
    WHERE heartbeat_at > :silent_since
      AND heartbeat_at < :ahead
  );
