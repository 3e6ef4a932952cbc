-- The triggers that see a row before it has a kind (see 0002_plain_inserts.sql): they compare by IS, since its state may be
-- missing too.

DROP TRIGGER IF EXISTS smq_count_insert;
DROP TRIGGER IF EXISTS smq_count_delete;
DROP TRIGGER IF EXISTS smq_count_status;
DROP TRIGGER IF EXISTS smq_auto;

CREATE TRIGGER smq_count_insert AFTER INSERT ON smq_messages
WHEN NOT EXISTS (SELECT 1 FROM smq_counted) BEGIN
  INSERT INTO smq_topics(topic, entered, delayed, dead, done, deleted)
  VALUES (
    new.topic, 1, new.status IS 'delayed', new.status IS 'dead', new.status IS 'done', new.status IS 'deleted'
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
    delayed = delayed - (old.status IS 'delayed'),
    dead = dead - (old.status IS 'dead'),
    done = done - (old.status IS 'done'),
    deleted = deleted - (old.status IS 'deleted')
  WHERE topic = old.topic;
END;

-- a lease touches no counter
CREATE TRIGGER smq_count_status AFTER UPDATE OF status ON smq_messages
WHEN (old.status < 'e' OR new.status < 'e') AND old.topic = new.topic BEGIN
  UPDATE smq_topics SET
    delayed = delayed + (new.status IS 'delayed') - (old.status IS 'delayed'),
    dead = dead + (new.status IS 'dead') - (old.status IS 'dead'),
    done = done + (new.status IS 'done') - (old.status IS 'done'),
    deleted = deleted + (new.status IS 'deleted') - (old.status IS 'deleted')
  WHERE topic = new.topic;
END;

-- The SQL contract: what a plain INSERT may set is checked, in words, and what it leaves out or sets to NULL is filled in;
-- smq's own writes say which kind a message is of, and are checked before they come.
--
-- The work stands in the trigger of a view without rows, and not in smq_auto itself: SQLite clears memory for all that a trigger
-- may do before it asks the trigger's WHEN, which is false for each message that smq writes (8 % of an INSERT, measured).
CREATE VIEW smq_plain_inserts(id) AS
SELECT NULL
LIMIT 0;

CREATE TRIGGER smq_auto AFTER INSERT ON smq_messages
WHEN (new.kind = 'json' OR new.kind = 'text' OR new.kind = 'bytes') IS NOT TRUE BEGIN
  INSERT INTO smq_plain_inserts(id) VALUES (new.id);
END;

CREATE TRIGGER smq_plain_insert INSTEAD OF INSERT ON smq_plain_inserts BEGIN
  SELECT CASE
    WHEN id NOT BETWEEN 1 AND 9007199254740992
      THEN RAISE(ABORT, 'smq: id is given by the table; leave it out (one from 1 to 9007199254740992 is possible)')
    WHEN (topic < x'') IS NOT TRUE
      THEN RAISE(ABORT, 'smq: a topic is text of 1 to 200 bytes, and required')
    WHEN payload IS NULL
      THEN RAISE(ABORT, 'smq: a payload is TEXT or a BLOB, and required')
    WHEN (kind = 'auto') IS FALSE
      THEN RAISE(ABORT, 'smq: kind is found by smq itself; leave it out')
    WHEN (priority | 0 = priority AND priority BETWEEN -100 AND 100) IS FALSE
      THEN RAISE(ABORT, 'smq: priority is a whole number from -100 to 100')
    WHEN (headers < x'') IS FALSE
      OR (headers IS NOT NULL AND iif(json_valid(headers), json_type(headers), '') <> 'object')
      THEN RAISE(ABORT, 'smq: headers are a JSON object')
    WHEN length(CAST(headers AS BLOB)) > 16384
      THEN RAISE(ABORT, 'smq: headers have at most 16384 bytes')
    WHEN length(CAST(payload AS BLOB)) > 16777216
      THEN RAISE(ABORT, 'smq: a payload has at most 16777216 bytes')
    WHEN (dedup_key < x'') IS FALSE OR length(CAST(dedup_key AS BLOB)) NOT BETWEEN 1 AND 512
      THEN RAISE(ABORT, 'smq: a dedup_key has 1 to 512 bytes of text')
    WHEN (available_at | 0 = available_at) IS FALSE
      THEN RAISE(ABORT, 'smq: available_at is a whole number of milliseconds since the epoch')
    WHEN available_at < 100000000000
      THEN RAISE(ABORT, 'smq: available_at is in milliseconds since the epoch, not in seconds')
    WHEN available_at > 253402300799999
      THEN RAISE(ABORT, 'smq: available_at is after the year 9999')
    WHEN (max_attempts | 0 = max_attempts AND max_attempts BETWEEN 1 AND 1000000) IS FALSE
      THEN RAISE(ABORT, 'smq: max_attempts is a whole number from 1 to 1000000')
    WHEN (status = 'ready') IS FALSE OR locked_until IS NOT NULL OR receipt IS NOT NULL OR worker IS NOT NULL
      OR (attempts = 0) IS FALSE OR (deliveries = 0) IS FALSE OR (crashes = 0) IS FALSE
      OR (is_suspect = 0) IS FALSE OR operation IS NOT NULL
      OR finished_at IS NOT NULL OR last_error IS NOT NULL OR error_kind IS NOT NULL
      OR output IS NOT NULL
      OR (created_at | 0 = created_at AND created_at BETWEEN 100000000000 AND 253402300799999) IS FALSE
      THEN RAISE(ABORT, 'smq: set topic, payload, priority, available_at, headers, dedup_key, max_attempts and nothing else')
  END
  FROM smq_messages
  WHERE id = new.id;
  -- which trigger of an INSERT comes first is not defined: the change of state below needs a counter to count in
  INSERT INTO smq_topics(topic)
  SELECT topic
  FROM smq_messages AS m
  WHERE id = new.id
    AND available_at > ifnull(created_at, 0)
    AND NOT EXISTS (SELECT 1 FROM smq_topics AS t WHERE t.topic = m.topic);
  UPDATE smq_messages
  SET kind = 'auto',
    priority = ifnull(priority, 0),
    created_at = coalesce(created_at, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    available_at = coalesce(available_at, created_at, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    attempts = 0,
    deliveries = 0,
    crashes = 0,
    is_suspect = 0,
    status = iif(
      available_at > ifnull(created_at, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)), 'delayed', 'ready'
    )
  WHERE id = new.id;
  -- An UPDATE in a trigger does as the statement outside says: of INSERT OR IGNORE, one that came upon a held key did nothing,
  -- and the message is to be ignored. The INSERT itself does not see the key where the state is NULL.
  DELETE FROM smq_messages
  WHERE id = new.id
    AND kind IS NULL;
END;

-- nobody takes a kind away, without which no CHECK would hold
CREATE TRIGGER smq_kind BEFORE UPDATE OF kind ON smq_messages
WHEN (new.kind = 'json' OR new.kind = 'text' OR new.kind = 'bytes' OR new.kind = 'auto') IS NOT TRUE BEGIN
  SELECT RAISE(ABORT, 'smq: kind is json, text, bytes or auto');
END;
