-- name: doctor_counters
-- Topics whose counters differ from what is in the table; both sides are read at one moment, since it is one statement.
WITH real AS (
  SELECT topic,
    count(*) AS present,
    sum(status = 'delayed') AS delayed,
    sum(status = 'dead') AS dead,
    sum(status = 'done') AS done,
    sum(status = 'deleted') AS deleted
  FROM smq_messages
  GROUP BY topic
)
SELECT ifnull(real.topic, kept.topic)
FROM smq_topics AS kept
FULL JOIN real ON real.topic = kept.topic
WHERE ifnull(kept.entered - kept.gone, 0) <> ifnull(real.present, 0)
  OR ifnull(kept.delayed, 0) <> ifnull(real.delayed, 0)
  OR ifnull(kept.dead, 0) <> ifnull(real.dead, 0)
  OR ifnull(kept.done, 0) <> ifnull(real.done, 0)
  OR ifnull(kept.deleted, 0) <> ifnull(real.deleted, 0)
ORDER BY 1;

-- name: doctor_counted
-- What keeps messages from being counted one by one, which nothing does outside of its own transaction.
SELECT id
FROM smq_counted
LIMIT 1;

-- name: doctor_clock
-- What only a clock that stepped can have written: messages from the future, and leases longer than any may be.
SELECT
  (SELECT count(*) FROM smq_messages WHERE created_at > :future),
  (SELECT count(*) FROM smq_messages WHERE locked_until > :horizon);

-- name: doctor_leases
-- Leases in all, and those whose time is over.
SELECT count(*), count(*) FILTER (WHERE locked_until <= :now)
FROM smq_messages
WHERE locked_until IS NOT NULL;

-- name: doctor_lost_daemons
-- Daemons whose heartbeat stopped, and how many messages each still holds.
SELECT w.id, w.host, w.pid, w.heartbeat_at, (
    SELECT count(*)
    FROM smq_messages AS m
    WHERE m.locked_until IS NOT NULL
      AND m.worker = w.id
  )
FROM smq_workers AS w
WHERE w.heartbeat_at < :silent_since
ORDER BY w.heartbeat_at;

-- name: repair_end_leases
-- End what a dead daemon holds now, so that it is taken back as expired leases are.
UPDATE smq_messages
SET locked_until = :now
WHERE locked_until > :now
  AND worker = :worker;

-- name: repair_counters_forget
-- Topics without messages count none; what entered them is gone.
UPDATE smq_topics
SET entered = gone,
  delayed = 0,
  dead = 0,
  done = 0,
  deleted = 0
WHERE topic NOT IN (SELECT topic FROM smq_messages);

-- name: repair_counters_add
-- Give each topic a row, so that its messages can be counted.
INSERT INTO smq_topics(topic)
SELECT DISTINCT topic
FROM smq_messages
WHERE topic NOT IN (SELECT topic FROM smq_topics);
