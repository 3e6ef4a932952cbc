-- The tables of a queue; its triggers stand in 0001_initial_triggers.sql. Times are integer milliseconds since the epoch.
-- Column defaults are for programs that write plain SQL (the SQL contract); smq itself sets every column that matters.
-- All states but `ready` and `processing` sort before 'e': the predicate `status < 'e'` of an index and a trigger costs one
-- comparison a write instead of four (a lease and its ack together 51 µs instead of 57, measured). For the same reason the
-- checks of a column's words are chains of OR: a list of IN is built again for each row (0.4 µs of 2.6 a row, each, measured).

CREATE TABLE smq_schema (
  version INTEGER NOT NULL
) STRICT;

CREATE TABLE smq_messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  topic TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'ready'
    CHECK (
      status = 'ready' OR status = 'processing' OR status = 'delayed'
      OR status = 'dead' OR status = 'done' OR status = 'deleted'
    ),
  kind TEXT NOT NULL DEFAULT 'auto'
    CHECK (kind = 'json' OR kind = 'text' OR kind = 'bytes' OR kind = 'auto'),
  priority INTEGER NOT NULL DEFAULT 0
    CHECK (priority BETWEEN -100 AND 100),
  created_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
  available_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
  locked_until INTEGER,
  receipt INTEGER,
  worker TEXT,
  attempts INTEGER NOT NULL DEFAULT 0
    CHECK (attempts >= 0),
  deliveries INTEGER NOT NULL DEFAULT 0
    CHECK (deliveries >= 0),
  max_attempts INTEGER
    CHECK (max_attempts >= 1),
  headers TEXT,
  dedup_key TEXT,
  last_error TEXT,
  error_kind TEXT,
  finished_at INTEGER,
  crashes INTEGER NOT NULL DEFAULT 0
    CHECK (crashes >= 0),
  is_suspect INTEGER NOT NULL DEFAULT 0
    CHECK (is_suspect IN (0, 1)),
  operation INTEGER,
  output TEXT,
  -- last, so that lists can read every other column of a large message without its overflow pages
  payload ANY NOT NULL
    CHECK (typeof(payload) IN ('text', 'blob')),
  CHECK ((status = 'processing') = (locked_until IS NOT NULL)),
  CHECK (status <> 'processing' OR receipt IS NOT NULL),
  CHECK (status NOT IN ('done', 'deleted') OR receipt IS NULL)
) STRICT;

-- what a lease takes: by priority, then id; available_at beside it answers how long the first ones have been waiting
CREATE INDEX smq_ready ON smq_messages(topic, priority DESC, id, available_at)
  WHERE status = 'ready';
-- what a promotion takes, and the next timer of a topic
CREATE INDEX smq_due ON smq_messages(topic, available_at, id)
  WHERE status = 'delayed';
-- what a reclaim takes, the next timer, and the live count of processing
CREATE INDEX smq_leased ON smq_messages(locked_until, topic)
  WHERE locked_until IS NOT NULL;
-- pages of everything that is neither ready nor processing
CREATE INDEX smq_shelf ON smq_messages(topic, status, id)
  WHERE status < 'e';
-- dead letters by the first line of their error
CREATE INDEX smq_errors ON smq_messages(topic, error_kind, finished_at, available_at)
  WHERE status = 'dead';
-- what the janitor prunes, and what it finds without a date
CREATE INDEX smq_finished ON smq_messages(topic, status, finished_at)
  WHERE status < 'e' AND status <> 'delayed';
-- at most one unfinished message for a topic and key
CREATE UNIQUE INDEX smq_key ON smq_messages(topic, dedup_key)
  WHERE dedup_key IS NOT NULL AND status IN ('ready', 'delayed', 'processing');

-- Counters, kept by triggers, so that writes by hand and by other programs count too.
-- ready = entered - gone - delayed - dead - done - deleted - processing, the last one counted live through smq_leased.
CREATE TABLE smq_topics (
  topic TEXT PRIMARY KEY,
  entered INTEGER NOT NULL DEFAULT 0,
  gone INTEGER NOT NULL DEFAULT 0,
  delayed INTEGER NOT NULL DEFAULT 0,
  dead INTEGER NOT NULL DEFAULT 0,
  done INTEGER NOT NULL DEFAULT 0,
  deleted INTEGER NOT NULL DEFAULT 0,
  empty_since INTEGER
) STRICT, WITHOUT ROWID;

-- Has a row only while one statement adds many messages that are counted together, and never outside of its transaction.
CREATE TABLE smq_counted (
  id INTEGER PRIMARY KEY
) STRICT;

-- Failed attempts, the last ten of a message; a success writes none.
CREATE TABLE smq_attempts (
  id INTEGER PRIMARY KEY,
  message_id INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  failed_at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  error TEXT NOT NULL,
  worker TEXT
) STRICT;

CREATE INDEX smq_attempts_of ON smq_attempts(message_id, id);

-- What a topic sets for itself; NULL: the default.
CREATE TABLE smq_policies (
  topic TEXT PRIMARY KEY,
  max_attempts INTEGER CHECK (max_attempts >= 1),
  visibility_ms INTEGER CHECK (visibility_ms >= 1),
  backoff TEXT,
  keep_ms INTEGER CHECK (keep_ms >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE smq_pauses (
  topic TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  paused_by TEXT NOT NULL,
  paused_at INTEGER NOT NULL,
  paused_until INTEGER
) STRICT, WITHOUT ROWID;

-- What operators did: the activity log, and what an undo needs.
CREATE TABLE smq_operations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  topic TEXT,
  changed INTEGER NOT NULL DEFAULT 0,
  detail TEXT NOT NULL DEFAULT '',
  before TEXT,
  undone_at INTEGER
) STRICT;

CREATE TABLE smq_undo (
  operation INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  status TEXT NOT NULL,
  status_after TEXT NOT NULL,
  -- the operation that touched the message before, which can be undone after this one
  operation_before INTEGER,
  deliveries INTEGER NOT NULL,
  topic TEXT NOT NULL,
  kind TEXT NOT NULL,
  priority INTEGER NOT NULL,
  available_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  max_attempts INTEGER,
  headers TEXT,
  dedup_key TEXT,
  last_error TEXT,
  error_kind TEXT,
  finished_at INTEGER,
  payload ANY,
  PRIMARY KEY (operation, message_id)
) STRICT, WITHOUT ROWID;

-- Progress of imports, committed with the rows they added.
CREATE TABLE smq_imports (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  name TEXT,
  device INTEGER,
  inode INTEGER,
  bytes_taken INTEGER NOT NULL DEFAULT 0,
  lines_taken INTEGER NOT NULL DEFAULT 0,
  content_hash TEXT NOT NULL DEFAULT '',
  taken INTEGER NOT NULL DEFAULT 0,
  rejected INTEGER NOT NULL DEFAULT 0,
  rejects_length INTEGER NOT NULL DEFAULT 0,
  reasons_length INTEGER NOT NULL DEFAULT 0,
  started_at INTEGER NOT NULL,
  finished_at INTEGER
) STRICT;

CREATE INDEX smq_imports_file ON smq_imports(device, inode) WHERE device IS NOT NULL;
CREATE INDEX smq_imports_name ON smq_imports(name) WHERE name IS NOT NULL;

-- One daemon each: who it is, when it last said so, what it was asked to do, and the rest as JSON.
CREATE TABLE smq_workers (
  id TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  version TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'quiet', 'stopping')),
  command TEXT CHECK (command IN ('quiet', 'resume', 'stop')),
  started_at INTEGER NOT NULL,
  heartbeat_at INTEGER NOT NULL,
  detail TEXT NOT NULL DEFAULT '{}'
) STRICT, WITHOUT ROWID;

-- Samples of a topic, from which rates and sparklines are drawn.
CREATE TABLE smq_samples (
  step_ms INTEGER NOT NULL,
  at INTEGER NOT NULL,
  topic TEXT NOT NULL,
  entered INTEGER NOT NULL,
  finished INTEGER NOT NULL,
  depth INTEGER NOT NULL,
  PRIMARY KEY (step_ms, at, topic)
) STRICT, WITHOUT ROWID;

INSERT INTO smq_schema(version) VALUES (1);
