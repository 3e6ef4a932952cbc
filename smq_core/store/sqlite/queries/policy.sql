-- name: topic_names
-- Every topic of which anything is known: counters, a policy, or a pause.
SELECT topic
FROM smq_topics
UNION
SELECT topic
FROM smq_policies
UNION
SELECT topic
FROM smq_pauses
ORDER BY topic;

-- name: read_policy
-- What a topic sets for itself.
SELECT max_attempts, visibility_ms, backoff, keep_ms
FROM smq_policies
WHERE topic = :topic;

-- name: write_policy
-- Set what is not NULL, keep the rest.
INSERT INTO smq_policies(topic, max_attempts, visibility_ms, backoff, keep_ms)
VALUES (:topic, :max_attempts, :visibility_ms, :backoff, :keep_ms)
ON CONFLICT(topic) DO UPDATE SET
  max_attempts = ifnull(excluded.max_attempts, max_attempts),
  visibility_ms = ifnull(excluded.visibility_ms, visibility_ms),
  backoff = ifnull(excluded.backoff, backoff),
  keep_ms = ifnull(excluded.keep_ms, keep_ms);

-- name: replace_policy
-- Put a topic's settings back as they were.
INSERT OR REPLACE INTO smq_policies(topic, max_attempts, visibility_ms, backoff, keep_ms)
VALUES (:topic, :max_attempts, :visibility_ms, :backoff, :keep_ms);

-- name: delete_policy
-- Forget a topic's settings.
DELETE FROM smq_policies
WHERE topic = :topic;

-- name: read_pause
-- A topic's pause, running or over.
SELECT reason, paused_by, paused_at, paused_until
FROM smq_pauses
WHERE topic = :topic;

-- name: write_pause
-- Pause a topic, or change its pause.
INSERT OR REPLACE INTO smq_pauses(topic, reason, paused_by, paused_at, paused_until)
VALUES (:topic, :reason, :paused_by, :paused_at, :paused_until);

-- name: delete_pause
-- Let a topic be leased again.
DELETE FROM smq_pauses
WHERE topic = :topic;
