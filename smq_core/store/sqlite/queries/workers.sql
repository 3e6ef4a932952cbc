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
-- Keep one topic's counters of one moment; the column `finished` holds how many were processed.
INSERT INTO smq_samples(step_ms, at, topic, entered, finished, depth)
VALUES (:step_ms, :at, :topic, :entered, :processed, :depth)
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
