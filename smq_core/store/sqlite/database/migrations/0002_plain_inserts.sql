-- What plain SQL may leave out it may also set to NULL, what it may not set is refused in words that INSERT OR IGNORE cannot
-- swallow, and tools that read the declared types know what a payload is.
--
-- A row without a kind is one that a plain INSERT has just added. It passes every CHECK, since OR IGNORE drops what a CHECK
-- refuses without a word; the trigger smq_auto then refuses it in words or fills in what is missing, and gives it a kind. So no
-- row is without one when its statement ends, and every CHECK holds for all that is stored.
--
-- The table is not STRICT: it would have to declare the payload as ANY, which SQLAlchemy and others take for a number, and
-- would refuse wrong types in SQLite's words. `x | 0 = x` holds for whole numbers alone, `x < x''` for what is no BLOB: together
-- they are as strict, and cost nothing that can be measured (`typeof` would: 7 % of a batch).
--
-- The definition is exchanged in place, so that a migration does not depend on how many messages there are.

CREATE TABLE smq_messages_2 (
  id INTEGER PRIMARY KEY AUTOINCREMENT
    CONSTRAINT smq_id CHECK (id BETWEEN 1 AND 9007199254740992 OR kind IS NULL),
  topic TEXT
    CONSTRAINT smq_topic CHECK ((topic < x'') IS TRUE OR kind IS NULL),
  status TEXT DEFAULT 'ready'
    CONSTRAINT smq_status CHECK (
      (
        status = 'ready' OR status = 'processing' OR status = 'delayed'
        OR status = 'dead' OR status = 'done' OR status = 'deleted'
      ) IS TRUE
      OR kind IS NULL
    ),
  kind TEXT,
  priority INTEGER DEFAULT 0
    CONSTRAINT smq_priority CHECK (
      (priority | 0 = priority AND priority BETWEEN -100 AND 100) IS TRUE OR kind IS NULL
    ),
  created_at INTEGER DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
    CONSTRAINT smq_created_at CHECK ((created_at | 0 = created_at) IS TRUE OR kind IS NULL),
  available_at INTEGER DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
    CONSTRAINT smq_available_at CHECK ((available_at | 0 = available_at) IS TRUE OR kind IS NULL),
  locked_until INTEGER
    CONSTRAINT smq_locked_until CHECK (locked_until | 0 = locked_until OR kind IS NULL),
  receipt INTEGER
    CONSTRAINT smq_receipt CHECK (receipt | 0 = receipt OR kind IS NULL),
  worker TEXT
    CONSTRAINT smq_worker CHECK (worker < x'' OR kind IS NULL),
  attempts INTEGER DEFAULT 0
    CONSTRAINT smq_attempts CHECK ((attempts | 0 = attempts AND attempts >= 0) IS TRUE OR kind IS NULL),
  deliveries INTEGER DEFAULT 0
    CONSTRAINT smq_deliveries CHECK ((deliveries | 0 = deliveries AND deliveries >= 0) IS TRUE OR kind IS NULL),
  max_attempts INTEGER
    CONSTRAINT smq_max_attempts CHECK (
      (max_attempts | 0 = max_attempts AND max_attempts >= 1) IS NOT FALSE OR kind IS NULL
    ),
  headers TEXT
    CONSTRAINT smq_headers CHECK (headers < x'' OR kind IS NULL),
  dedup_key TEXT
    CONSTRAINT smq_dedup_key CHECK (dedup_key < x'' OR kind IS NULL),
  last_error TEXT
    CONSTRAINT smq_last_error CHECK (last_error < x'' OR kind IS NULL),
  error_kind TEXT
    CONSTRAINT smq_error_kind CHECK (error_kind < x'' OR kind IS NULL),
  finished_at INTEGER
    CONSTRAINT smq_finished_at CHECK (finished_at | 0 = finished_at OR kind IS NULL),
  crashes INTEGER DEFAULT 0
    CONSTRAINT smq_crashes CHECK ((crashes | 0 = crashes AND crashes >= 0) IS TRUE OR kind IS NULL),
  is_suspect INTEGER DEFAULT 0
    CONSTRAINT smq_is_suspect CHECK ((is_suspect = 0 OR is_suspect = 1) IS TRUE OR kind IS NULL),
  operation INTEGER
    CONSTRAINT smq_operation CHECK (operation | 0 = operation OR kind IS NULL),
  output TEXT
    CONSTRAINT smq_output CHECK (output < x'' OR kind IS NULL),
  -- last, so that lists can read every other column of a large message without its overflow pages; TEXT or BLOB
  payload TEXT
    CONSTRAINT smq_payload CHECK ((payload >= '') IS TRUE OR kind IS NULL),
  CONSTRAINT smq_lease CHECK ((status = 'processing') = (locked_until IS NOT NULL) OR kind IS NULL),
  CONSTRAINT smq_lease_receipt CHECK (status <> 'processing' OR receipt IS NOT NULL OR kind IS NULL),
  CONSTRAINT smq_end_receipt CHECK (status NOT IN ('done', 'deleted') OR receipt IS NULL OR kind IS NULL)
);

PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = (
  SELECT replace(sql, 'smq_messages_2', 'smq_messages')
  FROM sqlite_schema
  WHERE name = 'smq_messages_2'
)
WHERE name = 'smq_messages';
DROP TABLE smq_messages_2;
PRAGMA writable_schema = RESET;
