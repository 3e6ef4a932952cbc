-- name: size
-- Unfinished messages of a topic.
SELECT entered - gone - dead - done - deleted
FROM smq_topics
WHERE topic = :topic;

-- name: topic_counts
-- Counters of every topic, or of the named one (bytes sort behind all text, so that a range takes both); how long its first ready
-- messages, the first of each priority (at most 201) and the first delayed one have been waiting, and its pause. A message waits from
-- when it was there and due: one that was sent with a due time in the past has not waited since that. Of the first ready ones, that is
-- looked up for the one that was due first; where it was sent after that, another of them may have waited longer. Where a topic's
-- counters say that it has none, none is looked for.
SELECT t.topic, t.entered, t.gone, t.delayed, t.dead, t.done, t.deleted,
  CASE WHEN t.entered > t.gone + t.delayed + t.dead + t.done + t.deleted THEN (
    SELECT max(m.created_at, m.available_at)
    FROM (
      SELECT f.id, min(f.available_at)
      FROM (
        SELECT r.id, r.available_at
        FROM smq_messages AS r
        WHERE r.topic = t.topic
          AND r.status = 'ready'
        ORDER BY r.priority DESC, r.id
        LIMIT 32
      ) AS f
    ) AS due
    CROSS JOIN smq_messages AS m ON m.id = due.id
  ) END,
  CASE WHEN t.entered > t.gone + t.delayed + t.dead + t.done + t.deleted THEN (
    WITH RECURSIVE step(priority) AS (
      SELECT max(h.priority)
      FROM smq_messages AS h
      WHERE h.topic = t.topic
        AND h.status = 'ready'
      UNION ALL
      SELECT (
          SELECT max(l.priority)
          FROM smq_messages AS l
          WHERE l.topic = t.topic
            AND l.status = 'ready'
            AND l.priority < step.priority
        )
      FROM step
      WHERE step.priority IS NOT NULL
    )
    SELECT min(
        (
          SELECT max(m.created_at, m.available_at)
          FROM smq_messages AS m
          WHERE m.topic = t.topic
            AND m.status = 'ready'
            AND m.priority = step.priority
          ORDER BY m.id
          LIMIT 1
        )
      )
    FROM step
  ) END,
  CASE WHEN t.delayed > 0 THEN (
    SELECT max(m.created_at, m.available_at)
    FROM smq_messages AS m
    WHERE m.topic = t.topic
      AND m.status = 'delayed'
    ORDER BY m.available_at
    LIMIT 1
  ) END,
  p.reason, p.paused_by, p.paused_at, p.paused_until
FROM smq_topics AS t
LEFT JOIN smq_pauses AS p ON p.topic = t.topic
WHERE t.topic >= ifnull(:topic, '')
  AND t.topic <= ifnull(:topic, x'')
ORDER BY t.topic;

-- name: processing_counts
-- Leased messages by topic: a walk over the partial index, which holds few rows.
SELECT topic, count(*)
FROM smq_messages
WHERE locked_until IS NOT NULL
GROUP BY topic;

-- name: unprocessed_counts
-- How many of what a topic counts as gone or done were not processed.
SELECT topic, finished
FROM smq_samples
WHERE step_ms = 0
  AND topic = ifnull(:topic, topic);

-- name: add_unprocessed
-- Count more of them; the topic may come as its bytes.
INSERT INTO smq_samples(step_ms, at, topic, entered, finished, depth)
VALUES (0, 0, CAST(:topic AS TEXT), 0, :number, 0)
ON CONFLICT(step_ms, at, topic) DO UPDATE SET
  finished = finished + excluded.finished;

-- name: forget_unprocessed
-- Forget them where the topic's own counters are forgotten.
DELETE FROM smq_samples
WHERE step_ms = 0
  AND topic NOT IN (SELECT topic FROM smq_topics);

-- name: paused_topics
-- Pauses of topics that have no counters (never used).
SELECT topic, reason, paused_by, paused_at, paused_until
FROM smq_pauses
WHERE NOT EXISTS (SELECT 1 FROM smq_topics AS t WHERE t.topic = smq_pauses.topic);
