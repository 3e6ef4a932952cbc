-- name: insert_message
-- Add one message without a key.
INSERT INTO smq_messages(
  topic, kind, status, priority, created_at, available_at, max_attempts, headers, payload
)
VALUES (
  :topic, :kind, :status, :priority, :now, :available_at, :max_attempts, :headers, :payload
);

-- name: insert_keyed_message
-- Add one message unless an unfinished one of the topic holds its key.
INSERT INTO smq_messages(
  topic, kind, status, priority, created_at, available_at, max_attempts, headers, payload, dedup_key
)
VALUES (
  :topic, :kind, :status, :priority, :now, :available_at, :max_attempts, :headers, :payload, :key
)
ON CONFLICT DO NOTHING;

-- name: insert_run
-- Add messages that differ in payload only, in one statement.
INSERT INTO smq_messages(
  topic, kind, status, priority, created_at, available_at, max_attempts, headers, payload
)
SELECT
  :topic, :kind, :status, :priority, :now, :available_at, :max_attempts, :headers, value
FROM carray(:payloads);

-- name: find_by_key
-- The unfinished message that holds a key.
SELECT id
FROM smq_messages
WHERE topic = :topic
  AND dedup_key = :key
  AND status IN ('ready', 'delayed', 'processing');
