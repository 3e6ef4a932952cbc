BEGIN TRANSACTION;
CREATE TABLE smq_attempts (
  id INTEGER PRIMARY KEY,
  message_id INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  failed_at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  error TEXT NOT NULL,
  worker TEXT
) STRICT;
INSERT INTO "smq_attempts" VALUES(1,6,1,1700000000000,'requeue','first
trace','w1');
INSERT INTO "smq_attempts" VALUES(2,6,2,1700000000000,'bury','second','w1');
CREATE TABLE smq_counted (
  id INTEGER PRIMARY KEY
) STRICT;
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
INSERT INTO "smq_imports" VALUES(1,'in.jsonl','in',NULL,NULL,100,3,'abc',3,0,0,0,1700000000000,NULL);
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
INSERT INTO "smq_messages" VALUES(1,'mail','ready','json',5,1700000000000,1700000000000,NULL,NULL,NULL,0,0,NULL,'{"trace":"1"}','held',NULL,NULL,NULL,0,0,NULL,NULL,'{"to":"ann"}');
INSERT INTO "smq_messages" VALUES(2,'mail','ready','text',0,1700000000000,1700000000000,NULL,NULL,NULL,0,0,NULL,NULL,NULL,NULL,NULL,NULL,0,0,NULL,NULL,'plain text');
INSERT INTO "smq_messages" VALUES(3,'mail','ready','bytes',0,1700000000000,1700000000000,NULL,NULL,NULL,0,0,NULL,NULL,NULL,NULL,NULL,NULL,0,0,NULL,NULL,X'00FF');
INSERT INTO "smq_messages" VALUES(4,'mail','delayed','json',0,1700000000000,1700003600000,NULL,NULL,NULL,0,0,NULL,NULL,NULL,NULL,NULL,NULL,0,0,NULL,NULL,'[1,2]');
INSERT INTO "smq_messages" VALUES(5,'kept','done','text',0,1700000000000,1700000000000,NULL,NULL,'w1',1,1,NULL,NULL,NULL,NULL,NULL,1700000000000,0,0,NULL,NULL,'done one');
INSERT INTO "smq_messages" VALUES(6,'bad','dead','text',0,1700000000000,1700000000000,NULL,NULL,NULL,2,2,NULL,NULL,NULL,'second','second',1700000000000,0,0,NULL,NULL,'fails');
INSERT INTO "smq_messages" VALUES(7,'mail','deleted','text',0,1700000000000,1700000000000,NULL,NULL,NULL,0,0,NULL,NULL,NULL,NULL,NULL,1700000000000,0,0,2,NULL,'to delete');
INSERT INTO "smq_messages" VALUES(8,'other','ready','text',0,1700000000000,1700000000000,NULL,NULL,NULL,0,0,NULL,NULL,NULL,NULL,NULL,NULL,0,0,3,NULL,'to move');
INSERT INTO "smq_messages" VALUES(9,'mail','ready','json',9,1700000000000,1700000000000,NULL,NULL,NULL,0,0,NULL,NULL,NULL,NULL,NULL,NULL,0,0,4,NULL,'{"edited":true}');
INSERT INTO "smq_messages" VALUES(11,'run','processing','text',0,1700000000000,1700000000000,1700003600000,8469216845598671736,'w1',1,1,NULL,NULL,NULL,NULL,NULL,NULL,0,0,NULL,NULL,'in work');
INSERT INTO "smq_messages" VALUES(12,'plain','ready','auto',0,1700000000000,1700000000000,NULL,NULL,NULL,0,0,NULL,NULL,NULL,NULL,NULL,NULL,0,0,NULL,NULL,'{"by": "sql"}');
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
INSERT INTO "smq_operations" VALUES(1,1700000000000,'operator','policy','kept',0,'max attempts 3, keep ms 3600000','null',NULL);
INSERT INTO "smq_operations" VALUES(2,1700000000000,'operator','delete','mail',1,'',NULL,NULL);
INSERT INTO "smq_operations" VALUES(3,1700000000000,'operator','move','mail',1,'to other',NULL,NULL);
INSERT INTO "smq_operations" VALUES(4,1700000000000,'operator','edit','mail',1,'message 9: payload, priority',NULL,NULL);
INSERT INTO "smq_operations" VALUES(5,1700000000000,'operator','pause','other',0,'for a test','null',NULL);
CREATE TABLE smq_pauses (
  topic TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  paused_by TEXT NOT NULL,
  paused_at INTEGER NOT NULL,
  paused_until INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO "smq_pauses" VALUES('other','for a test','operator',1700000000000,NULL);
CREATE TABLE smq_policies (
  topic TEXT PRIMARY KEY,
  max_attempts INTEGER CHECK (max_attempts >= 1),
  visibility_ms INTEGER CHECK (visibility_ms >= 1),
  backoff TEXT,
  keep_ms INTEGER CHECK (keep_ms >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO "smq_policies" VALUES('kept',3,NULL,NULL,3600000);
CREATE TABLE smq_samples (
  step_ms INTEGER NOT NULL,
  at INTEGER NOT NULL,
  topic TEXT NOT NULL,
  entered INTEGER NOT NULL,
  finished INTEGER NOT NULL,
  depth INTEGER NOT NULL,
  PRIMARY KEY (step_ms, at, topic)
) STRICT, WITHOUT ROWID;
INSERT INTO "smq_samples" VALUES(10000,1700000000000,'mail',9,0,6);
CREATE TABLE smq_schema (
  version INTEGER NOT NULL
) STRICT;
INSERT INTO "smq_schema" VALUES(1);
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
INSERT INTO "smq_topics" VALUES('bad',1,0,0,1,0,0,NULL);
INSERT INTO "smq_topics" VALUES('kept',1,0,0,0,1,0,NULL);
INSERT INTO "smq_topics" VALUES('mail',7,1,1,0,0,1,NULL);
INSERT INTO "smq_topics" VALUES('other',1,0,0,0,0,0,NULL);
INSERT INTO "smq_topics" VALUES('plain',1,0,0,0,0,0,NULL);
INSERT INTO "smq_topics" VALUES('run',2,1,0,0,0,0,NULL);
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
INSERT INTO "smq_undo" VALUES(2,7,'ready','deleted',NULL,0,'mail','text',0,1700000000000,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "smq_undo" VALUES(3,8,'ready','ready',NULL,0,'mail','text',0,1700000000000,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "smq_undo" VALUES(4,9,'ready','ready',NULL,0,'mail','text',0,1700000000000,0,NULL,NULL,NULL,NULL,NULL,NULL,'to edit');
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
INSERT INTO "smq_workers" VALUES('host-1','host',4711,'0.1.0','quiet',NULL,1700000000000,1700000000000,'{}');
CREATE INDEX smq_ready ON smq_messages(topic, priority DESC, id, available_at)
  WHERE status = 'ready';
CREATE INDEX smq_due ON smq_messages(topic, available_at, id)
  WHERE status = 'delayed';
CREATE INDEX smq_leased ON smq_messages(locked_until, topic)
  WHERE locked_until IS NOT NULL;
CREATE INDEX smq_shelf ON smq_messages(topic, status, id)
  WHERE status < 'e';
CREATE INDEX smq_errors ON smq_messages(topic, error_kind, finished_at, available_at)
  WHERE status = 'dead';
CREATE INDEX smq_finished ON smq_messages(topic, status, finished_at)
  WHERE status < 'e' AND status <> 'delayed';
CREATE UNIQUE INDEX smq_key ON smq_messages(topic, dedup_key)
  WHERE dedup_key IS NOT NULL AND status IN ('ready', 'delayed', 'processing');
CREATE INDEX smq_attempts_of ON smq_attempts(message_id, id);
CREATE INDEX smq_imports_file ON smq_imports(device, inode) WHERE device IS NOT NULL;
CREATE INDEX smq_imports_name ON smq_imports(name) WHERE name IS NOT NULL;
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
CREATE TRIGGER smq_forget_attempts AFTER DELETE ON smq_messages
WHEN old.deliveries > 1 OR old.last_error IS NOT NULL BEGIN
  DELETE FROM smq_attempts WHERE message_id = old.id;
END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('smq_messages',12);
INSERT INTO "sqlite_sequence" VALUES('smq_operations',5);
COMMIT;
