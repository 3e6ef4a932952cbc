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

-- name: foreign_trigger
-- Whether a trigger of somebody else's may add messages while others are added; a table's name stands as its author wrote it.
SELECT 1
FROM (
  SELECT type, name, tbl_name
  FROM sqlite_schema
  UNION ALL
  SELECT type, 'temp.' || name, tbl_name
  FROM sqlite_temp_schema
)
WHERE type = 'trigger'
  AND lower(tbl_name) IN ('smq_messages', 'smq_topics')
  AND name NOT IN (
    'smq_name', 'smq_count_insert', 'smq_count_delete', 'smq_count_status', 'smq_count_move', 'smq_auto', 'smq_kind',
    'smq_forget_attempts'
  )
LIMIT 1;

-- name: count_run
-- Count messages that are added together.
INSERT INTO smq_topics(topic, entered, delayed)
VALUES (:topic, :added, iif(:status = 'delayed', :added, 0))
ON CONFLICT(topic) DO UPDATE SET
  entered = entered + excluded.entered,
  delayed = delayed + excluded.delayed;

-- name: begin_counted
-- Keep what is added from being counted one by one.
INSERT OR IGNORE INTO smq_counted(id) VALUES (1);

-- name: end_counted
-- Let what is added be counted one by one again.
DELETE FROM smq_counted;

-- name: find_by_key
-- The unfinished message that holds a key.
SELECT id
FROM smq_messages
WHERE topic = :topic
  AND dedup_key = :key
  AND status IN ('ready', 'delayed', 'processing');
