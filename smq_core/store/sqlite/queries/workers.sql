-- name: read_command
-- What somebody asked a daemon to do.
SELECT command
FROM smq_workers
WHERE id = :id;

-- name: write_worker
-- Write a daemon's row; whatever it was asked to do is taken with it.
INSERT INTO smq_workers(id, host, pid, version, state, command, started_at, heartbeat_at, detail)
VALUES (:id, :host, :pid, :version, :state, NULL, :started_at, :heartbeat_at, :detail)
ON CONFLICT(id) DO UPDATE SET
  state = excluded.state,
  command = NULL,
  heartbeat_at = excluded.heartbeat_at,
  detail = excluded.detail;

-- name: delete_worker
-- Remove a daemon's row.
DELETE FROM smq_workers
WHERE id = :id;

-- name: read_workers
-- Every daemon's row, the longest running first.
SELECT id, host, pid, version, state, command, started_at, heartbeat_at, detail
FROM smq_workers
ORDER BY started_at, id;

-- name: write_command
-- Leave a command for a daemon.
UPDATE smq_workers
SET command = :command
WHERE id = :id;

-- name: write_sample
-- Keep one topic's counters of one moment.
INSERT INTO smq_samples(step_ms, at, topic, entered, finished, depth)
VALUES (:step_ms, :at, :topic, :entered, :finished, :depth)
ON CONFLICT(step_ms, at, topic) DO NOTHING;

-- name: drop_samples
-- Forget samples of a step that are older than it keeps.
DELETE FROM smq_samples
WHERE step_ms = :step_ms
  AND at < :before;

-- name: read_samples
-- Samples of a step since a moment, of one topic or of all, oldest first.
SELECT at, topic, entered, finished, depth
FROM smq_samples
WHERE step_ms = :step_ms
  AND at >= :since
  AND topic = ifnull(:topic, topic)
ORDER BY at, topic;

-- name: prune_done
-- Remove finished messages that are older than their topic keeps.
DELETE FROM smq_messages
WHERE id IN (
    SELECT m.id
    FROM smq_messages AS m
    LEFT JOIN smq_policies AS p ON p.topic = m.topic
    WHERE m.status = 'done'
      AND m.finished_at IS NOT NULL
      AND m.finished_at <= :now - ifnull(p.keep_ms, 0)
    LIMIT :limit
  )
  AND status = 'done';

-- name: prune_trash
-- Remove deleted messages that nobody brought back in time.
DELETE FROM smq_messages
WHERE id IN (
    SELECT id
    FROM smq_messages
    WHERE status = 'deleted'
      AND finished_at IS NOT NULL
      AND finished_at <= :before
    LIMIT :limit
  )
  AND status = 'deleted';

-- name: prune_undo
-- Forget how to undo what is too old for it.
DELETE FROM smq_undo
WHERE (operation, message_id) IN (
    SELECT u.operation, u.message_id
    FROM smq_undo AS u
    JOIN smq_operations AS o ON o.id = u.operation
    WHERE o.at <= :before
    LIMIT :limit
  );

-- name: prune_activity
-- Keep only the last entries of the activity.
DELETE FROM smq_operations
WHERE id IN (
    SELECT id
    FROM smq_operations
    WHERE id <= (SELECT max(id) FROM smq_operations) - :keep
    ORDER BY id
    LIMIT :limit
  );

-- name: stale_topics
-- Whether any topic became empty, or is so no longer, or has been for long enough to be dropped.
SELECT EXISTS (
    SELECT 1
    FROM smq_topics
    WHERE (entered = gone) <> (empty_since IS NOT NULL)
  )
  OR EXISTS (
    SELECT 1
    FROM smq_topics AS t
    WHERE t.empty_since <= :before
      AND t.entered = t.gone
      AND NOT EXISTS (SELECT 1 FROM smq_policies AS p WHERE p.topic = t.topic)
      AND NOT EXISTS (SELECT 1 FROM smq_pauses AS u WHERE u.topic = t.topic)
  );

-- name: mark_empty
-- Note since when a topic has been empty, and forget it when it is not any more.
UPDATE smq_topics
SET empty_since = iif(entered = gone, ifnull(empty_since, :now), NULL)
WHERE (entered = gone) <> (empty_since IS NOT NULL);

-- name: drop_empty
-- Drop topics that have been empty for long, and for which nothing is set.
DELETE FROM smq_topics
WHERE empty_since <= :before
  AND entered = gone
  AND NOT EXISTS (SELECT 1 FROM smq_policies AS p WHERE p.topic = smq_topics.topic)
  AND NOT EXISTS (SELECT 1 FROM smq_pauses AS u WHERE u.topic = smq_topics.topic);
