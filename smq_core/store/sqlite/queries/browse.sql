-- name: message_rows
-- Messages by id, payloads cut to a preview, without what their commands printed. Of a payload that is far longer than its preview
-- stands only whether it is text: SQLite would read all of it to cut it. A short one stands whole: substr() ends a text at a NUL.
SELECT id, topic, status, kind, priority, created_at, available_at, locked_until, worker, attempts, deliveries, max_attempts,
  headers, dedup_key, last_error, error_kind, finished_at, crashes, is_suspect, operation, NULL, octet_length(payload),
  CASE
    WHEN octet_length(payload) > 65536 AND octet_length(payload) / 8 > :preview THEN typeof(payload) = 'text'
    WHEN octet_length(payload) > :preview THEN ifnull(substr(payload, 1, :preview), x'')
    ELSE payload
  END
FROM smq_messages
WHERE id IN (SELECT value FROM carray(:ids))
ORDER BY id;

-- name: message_row
-- One whole message.
SELECT id, topic, status, kind, priority, created_at, available_at, locked_until, worker, attempts, deliveries, max_attempts,
  headers, dedup_key, last_error, error_kind, finished_at, crashes, is_suspect, operation, output, octet_length(payload), payload
FROM smq_messages
WHERE id = :id;

-- name: topics_with
-- Topics that have messages in a state that has an order by id; those that have ready ones may have only leased ones.
SELECT topic
FROM smq_topics
WHERE CASE :state
    WHEN 'delayed' THEN delayed
    WHEN 'dead' THEN dead
    WHEN 'done' THEN done
    WHEN 'deleted' THEN deleted
    ELSE entered - gone - delayed - dead - done - deleted
  END > 0
ORDER BY topic;

-- name: highest_id
-- The highest id there is.
SELECT max(id)
FROM smq_messages;

-- name: last_id
-- The id given last, which no message's exceeds.
SELECT seq
FROM sqlite_sequence
WHERE name = 'smq_messages';

-- name: error_kinds
-- Dead letters grouped by topic and first line of their error, most frequent first; the times of those that were made dead by
-- hand are when they could be leased. Bytes sort behind all text, so that a range takes one topic or all. With :since only those
-- that died at that moment or later.
SELECT topic, ifnull(error_kind, ''), count(*), min(ifnull(finished_at, available_at)), max(ifnull(finished_at, available_at))
FROM smq_messages INDEXED BY smq_errors
WHERE topic >= ifnull(:topic, '')
  AND topic <= ifnull(:topic, x'')
  AND status = 'dead'
  AND (:since IS NULL OR ifnull(finished_at, available_at) >= :since)
GROUP BY topic, error_kind
ORDER BY 3 DESC, 5 DESC
LIMIT :limit;

-- name: attempts_of
-- The failed attempts kept of a message.
SELECT message_id, attempt, failed_at, outcome, error, worker
FROM smq_attempts
WHERE message_id = :id
ORDER BY id;

-- name: activity
-- What operators did, newest first, and whether it can be undone.
SELECT o.id, o.at, o.actor, o.action, o.topic, o.changed, o.detail, o.undone_at,
  o.undone_at IS NULL
  AND (o.before IS NOT NULL OR EXISTS (SELECT 1 FROM smq_undo AS u WHERE u.operation = o.id))
FROM smq_operations AS o
WHERE o.id < :before
ORDER BY o.id DESC
LIMIT :limit;

-- name: daemon_deaths
-- What the activity tells of daemons that died since a moment, newest first.
SELECT id, at, actor, action, topic, changed, detail, undone_at
FROM smq_operations
WHERE action = 'daemon died'
  AND at >= :since
ORDER BY id DESC;
