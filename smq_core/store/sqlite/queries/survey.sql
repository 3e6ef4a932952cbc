-- name: ready_topics
-- Topics behind a name that have ready messages and are not paused: a walk from topic to topic, which sees no other ones.
WITH RECURSIVE step(topic) AS (
  SELECT (
      SELECT topic
      FROM smq_messages
      WHERE status = 'ready'
        AND topic > iif(typeof(:after) = 'blob', CAST(:after AS TEXT), :after)
      ORDER BY topic
      LIMIT 1
    )
  UNION ALL
  SELECT (
      SELECT topic
      FROM smq_messages
      WHERE status = 'ready'
        AND topic > step.topic
      ORDER BY topic
      LIMIT 1
    )
  FROM step
  WHERE step.topic IS NOT NULL
)
SELECT topic
FROM step
WHERE topic IS NOT NULL
  AND NOT EXISTS (
    SELECT 1
    FROM smq_pauses AS p
    WHERE p.topic = step.topic
      AND ifnull(p.paused_until, 9223372036854775807) > :now
  )
LIMIT :limit;

-- name: has_ready
-- Whether a topic that is not paused has ready messages.
SELECT EXISTS (
    SELECT 1
    FROM smq_messages
    WHERE topic = :topic
      AND status = 'ready'
  )
  AND NOT EXISTS (
    SELECT 1
    FROM smq_pauses
    WHERE topic = :topic
      AND ifnull(paused_until, 9223372036854775807) > :now
  );

-- name: delayed_topics
-- Topics that have delayed messages and are not paused, and when the first is due: a walk as of ready_topics.
WITH RECURSIVE step(topic) AS (
  SELECT (
      SELECT topic
      FROM smq_messages
      WHERE status = 'delayed'
      ORDER BY topic
      LIMIT 1
    )
  UNION ALL
  SELECT (
      SELECT topic
      FROM smq_messages
      WHERE status = 'delayed'
        AND topic > step.topic
      ORDER BY topic
      LIMIT 1
    )
  FROM step
  WHERE step.topic IS NOT NULL
)
SELECT topic, (
    SELECT min(available_at)
    FROM smq_messages AS m
    WHERE m.topic = step.topic
      AND m.status = 'delayed'
  )
FROM step
WHERE topic IS NOT NULL
  AND NOT EXISTS (
    SELECT 1
    FROM smq_pauses AS p
    WHERE p.topic = step.topic
      AND ifnull(p.paused_until, 9223372036854775807) > :now
  );

-- name: leased_topics
-- Topics of which a message is being processed: a walk over the partial index, which holds few rows.
SELECT DISTINCT topic
FROM smq_messages
WHERE locked_until IS NOT NULL;

-- name: next_end
-- When the next lease ends, and the next pause.
SELECT
  (
    SELECT min(locked_until)
    FROM smq_messages
    WHERE locked_until IS NOT NULL
  ),
  (
    SELECT min(paused_until)
    FROM smq_pauses
    WHERE paused_until > :now
  );

-- name: has_expired
-- Whether any lease is over, or absurdly far ahead.
SELECT EXISTS (
    SELECT 1
    FROM smq_messages
    WHERE locked_until <= :now
  )
  OR EXISTS (
    SELECT 1
    FROM smq_messages
    WHERE locked_until > :horizon
  );
