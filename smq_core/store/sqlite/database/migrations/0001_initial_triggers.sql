-- The triggers of a queue: they check topics' names, keep the counters, complete what plain SQL adds, and bound the history.

-- Whoever writes it, a topic has a name that a dequeue can ask for. It is looked at once, when the first message comes, so that
-- no message pays for it. What cannot be printed is named by ranges; what is no UTF-8 does not come back as the same bytes.
CREATE TRIGGER smq_name AFTER INSERT ON smq_topics BEGIN
  SELECT CASE
    WHEN length(CAST(new.topic AS BLOB)) NOT BETWEEN 1 AND 200
      THEN RAISE(ABORT, 'smq: a topic has 1 to 200 bytes')
    WHEN new.topic GLOB '*[=*,]*' OR new.topic <> trim(new.topic) OR instr(new.topic, char(0))
      OR new.topic GLOB (
        '*[' || char(
          0x1, 45, 0x1f, 0x7f, 45, 0xa0, 0xad, 0x600, 45, 0x605, 0x61c, 0x6dd, 0x70f, 0x890, 0x891, 0x8e2, 0x1680, 0x180e,
          0x2000, 45, 0x200f, 0x2028, 45, 0x202f, 0x205f, 45, 0x2064, 0x2066, 45, 0x206f, 0x3000
        ) || char(
          0xe000, 45, 0xf8ff, 0xfeff, 0xfff9, 45, 0xfffb, 0x110bd, 0x110cd, 0x13430, 45, 0x13438, 0x1bca0, 45, 0x1bca3,
          0x1d173, 45, 0x1d17a, 0x40000, 45, 0xe00ff, 0xe01f0, 45, 0x10ffff
        ) || ']*'
      )
      OR EXISTS (
        WITH RECURSIVE place(i) AS (
          SELECT 1
          UNION ALL
          SELECT i + 1
          FROM place
          WHERE i < length(new.topic)
        )
        SELECT 1
        FROM place
        WHERE CAST(char(unicode(substr(new.topic, i, 1))) AS BLOB) <> CAST(substr(new.topic, i, 1) AS BLOB)
      )
      THEN RAISE(ABORT, 'smq: a topic is printable text without space at its ends and without any of = * ,')
  END;
END;

CREATE TRIGGER smq_count_insert AFTER INSERT ON smq_messages
WHEN NOT EXISTS (SELECT 1 FROM smq_counted) BEGIN
  INSERT INTO smq_topics(topic, entered, delayed, dead, done, deleted)
  VALUES (
    new.topic, 1, new.status = 'delayed', new.status = 'dead', new.status = 'done', new.status = 'deleted'
  )
  ON CONFLICT(topic) DO UPDATE SET
    entered = entered + 1,
    delayed = delayed + excluded.delayed,
    dead = dead + excluded.dead,
    done = done + excluded.done,
    deleted = deleted + excluded.deleted;
END;

CREATE TRIGGER smq_count_delete AFTER DELETE ON smq_messages BEGIN
  UPDATE smq_topics SET
    gone = gone + 1,
    delayed = delayed - (old.status = 'delayed'),
    dead = dead - (old.status = 'dead'),
    done = done - (old.status = 'done'),
    deleted = deleted - (old.status = 'deleted')
  WHERE topic = old.topic;
END;

-- a lease touches no counter
CREATE TRIGGER smq_count_status AFTER UPDATE OF status ON smq_messages
WHEN (old.status < 'e' OR new.status < 'e') AND old.topic = new.topic BEGIN
  UPDATE smq_topics SET
    delayed = delayed + (new.status = 'delayed') - (old.status = 'delayed'),
    dead = dead + (new.status = 'dead') - (old.status = 'dead'),
    done = done + (new.status = 'done') - (old.status = 'done'),
    deleted = deleted + (new.status = 'deleted') - (old.status = 'deleted')
  WHERE topic = new.topic;
END;

CREATE TRIGGER smq_count_move AFTER UPDATE OF topic ON smq_messages
WHEN old.topic <> new.topic BEGIN
  UPDATE smq_topics SET
    gone = gone + 1,
    delayed = delayed - (old.status = 'delayed'),
    dead = dead - (old.status = 'dead'),
    done = done - (old.status = 'done'),
    deleted = deleted - (old.status = 'deleted')
  WHERE topic = old.topic;
  INSERT INTO smq_topics(topic, entered, delayed, dead, done, deleted)
  VALUES (
    new.topic, 1, new.status = 'delayed', new.status = 'dead', new.status = 'done', new.status = 'deleted'
  )
  ON CONFLICT(topic) DO UPDATE SET
    entered = entered + 1,
    delayed = delayed + excluded.delayed,
    dead = dead + excluded.dead,
    done = done + excluded.done,
    deleted = deleted + excluded.deleted;
END;

-- The SQL contract: what a plain INSERT may set is checked here, in words; smq's own writes are checked before they come.
CREATE TRIGGER smq_auto AFTER INSERT ON smq_messages
WHEN new.kind = 'auto' BEGIN
  SELECT CASE
    WHEN new.headers IS NOT NULL AND iif(json_valid(new.headers), json_type(new.headers), '') <> 'object'
      THEN RAISE(ABORT, 'smq: headers are a JSON object')
    WHEN length(CAST(new.headers AS BLOB)) > 16384
      THEN RAISE(ABORT, 'smq: headers have at most 16384 bytes')
    WHEN length(CAST(new.payload AS BLOB)) > 16777216
      THEN RAISE(ABORT, 'smq: a payload has at most 16777216 bytes')
    WHEN length(CAST(new.dedup_key AS BLOB)) NOT BETWEEN 1 AND 512
      THEN RAISE(ABORT, 'smq: a dedup_key has 1 to 512 bytes')
    WHEN new.available_at < 100000000000
      THEN RAISE(ABORT, 'smq: available_at is in milliseconds since the epoch, not in seconds')
    WHEN new.available_at > 253402300799999
      THEN RAISE(ABORT, 'smq: available_at is after the year 9999')
    WHEN new.max_attempts > 1000000
      THEN RAISE(ABORT, 'smq: max_attempts is from 1 to 1000000')
    WHEN new.status <> 'ready' OR new.locked_until IS NOT NULL OR new.receipt IS NOT NULL OR new.worker IS NOT NULL
      OR new.attempts <> 0 OR new.deliveries <> 0 OR new.crashes <> 0 OR new.is_suspect <> 0 OR new.operation IS NOT NULL
      OR new.finished_at IS NOT NULL OR new.last_error IS NOT NULL OR new.error_kind IS NOT NULL
      OR new.output IS NOT NULL
      OR new.created_at NOT BETWEEN 100000000000 AND 253402300799999
      THEN RAISE(ABORT, 'smq: set topic, payload, priority, available_at, headers, dedup_key, max_attempts and nothing else')
  END;
  -- which trigger of an INSERT comes first is not defined: the change of state below needs a counter to count in
  INSERT INTO smq_topics(topic)
  SELECT new.topic
  WHERE new.available_at > new.created_at
    AND NOT EXISTS (SELECT 1 FROM smq_topics WHERE topic = new.topic);
  UPDATE smq_messages
  SET status = 'delayed'
  WHERE id = new.id
    AND new.available_at > new.created_at;
END;

CREATE TRIGGER smq_cap_attempts AFTER INSERT ON smq_attempts
BEGIN
  DELETE FROM smq_attempts
  WHERE message_id = new.message_id
    AND id <= (
      SELECT id
      FROM smq_attempts
      WHERE message_id = new.message_id
      ORDER BY id DESC
      LIMIT 1 OFFSET 10
    );
END;

-- the first delivery of a message that is acked has no history to look for
CREATE TRIGGER smq_forget_attempts AFTER DELETE ON smq_messages
WHEN old.deliveries > 1 OR old.last_error IS NOT NULL BEGIN
  DELETE FROM smq_attempts WHERE message_id = old.id;
END;
