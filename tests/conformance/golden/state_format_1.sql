-- The state file of format 1 as its version made it, and some rows. Never edit.
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS work (
  namespace    TEXT    NOT NULL,
  mount        TEXT    NOT NULL,
  path         TEXT    NOT NULL,
  unresolved   INTEGER NOT NULL,
  sequence     INTEGER NOT NULL,  -- of the newest hint
  lane         INTEGER NOT NULL,
  version      INTEGER,
  created_time TEXT,
  look_twice   INTEGER NOT NULL,
  since        REAL    NOT NULL,  -- began to wait
  due          REAL    NOT NULL,
  decided      REAL    NOT NULL,  -- the clock when due was set
  attempts     INTEGER NOT NULL DEFAULT 0,
  parked       INTEGER NOT NULL DEFAULT 0,
  cause        TEXT    NOT NULL DEFAULT '',
  detail       TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (namespace, mount, path, unresolved)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS work_by_turn ON work (parked, lane, due, sequence);
CREATE TABLE IF NOT EXISTS secret (
  namespace     TEXT NOT NULL,
  mount         TEXT NOT NULL,
  path          TEXT NOT NULL,
  rule          TEXT NOT NULL,
  name          TEXT NOT NULL,
  state         TEXT NOT NULL,
  cause         TEXT,
  arn           TEXT,
  version       INTEGER,
  created_time  TEXT,
  deletion_time TEXT,
  version_id    TEXT,
  applied_at    REAL,
  checked_at    REAL NOT NULL,
  lag           REAL,
  PRIMARY KEY (namespace, mount, path, rule)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS secret_by_rule ON secret (rule, state);
CREATE TABLE IF NOT EXISTS made (
  namespace TEXT NOT NULL,
  mount     TEXT NOT NULL,
  path      TEXT NOT NULL,
  rule      TEXT NOT NULL,
  at        REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS made_of ON made (namespace, mount, path, rule, at);
CREATE TABLE IF NOT EXISTS gap (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  mounts TEXT NOT NULL,  -- a JSON array
  reason TEXT NOT NULL,
  since  TEXT,           -- RFC 3339; null: nobody knows
  UNIQUE (mounts, reason)
);

INSERT INTO work (
  namespace, mount, path, unresolved, sequence, lane, version, created_time,
  look_twice, since, due, decided, attempts, parked, cause, detail
) VALUES
  ('', 'kv', 'a', 0, 41, 0, 7, '2026-11-23T10:00:00.9Z', 1, 100.0, 100.0, 100.0, 2, 0, 'VAULT_SEALED', 'sealed'),
  ('', 'kv', 'data/b', 1, 42, 1, NULL, NULL, 0, 101.0, 101.0, 101.0, 0, 0, '', ''),
  ('team', 'kv', 'c', 0, 40, 0, NULL, NULL, 0, 99.0, 99.0, 99.0, 1, 1, 'VALUE_EMPTY', 'no key');
INSERT INTO secret VALUES
  ('', 'kv', 'a', 'r', 'kv/a', 'in_sync', NULL, 'arn:a', 6, '2026-11-23T09:00:00Z', NULL, 'v6-x', 90.0, 91.0, 0.5);
INSERT INTO made VALUES ('', 'kv', 'a', 'r', 90.0);
INSERT INTO gap (mounts, reason, since) VALUES ('["**"]', 'overflow', '2026-11-23T08:00:00Z');
DELETE FROM gap;
INSERT INTO gap (mounts, reason, since) VALUES ('["**"]', 'end_of_stream', '2026-11-23T09:30:00Z');
PRAGMA user_version = 1;
