-- The state file of format 2 as its version made it, and some rows. Never edit.
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
  doubt        INTEGER NOT NULL DEFAULT 0,  -- last: an upgrade adds it at the end
  PRIMARY KEY (namespace, mount, path, unresolved)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS work_by_turn ON work (parked, lane, due, sequence);

CREATE TABLE IF NOT EXISTS secret (
  namespace     TEXT NOT NULL,
  mount         TEXT NOT NULL,
  path          TEXT NOT NULL,
  rule          TEXT NOT NULL,
  region        TEXT NOT NULL,
  name          TEXT NOT NULL,
  state         TEXT NOT NULL,
  state_since   REAL NOT NULL,
  cause         TEXT,
  detail        TEXT NOT NULL,
  arn           TEXT,
  version       INTEGER,
  created_time  TEXT,
  deletion_time TEXT,
  version_id    TEXT,
  attributes    TEXT,
  accessor      TEXT,
  decision      TEXT,
  decided_by    TEXT NOT NULL,
  applied_at    REAL,
  checked_at    REAL NOT NULL,
  lag           REAL,
  PRIMARY KEY (namespace, mount, path, rule, region, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS secret_by_state ON secret (state);
CREATE INDEX IF NOT EXISTS secret_by_rule ON secret (rule);
CREATE INDEX IF NOT EXISTS secret_by_name ON secret (region, name);

CREATE TABLE IF NOT EXISTS tally (
  rule    TEXT    NOT NULL,
  state   TEXT    NOT NULL,
  in_aws  INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  PRIMARY KEY (rule, state, in_aws)
) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS secret_comes AFTER INSERT ON secret
BEGIN
  INSERT INTO tally VALUES (NEW.rule, NEW.state, NEW.arn IS NOT NULL, 1)
  ON CONFLICT (rule, state, in_aws) DO UPDATE SET entries = entries + 1;
END;
CREATE TRIGGER IF NOT EXISTS secret_changes AFTER UPDATE ON secret
WHEN OLD.state <> NEW.state OR (OLD.arn IS NULL) <> (NEW.arn IS NULL)
BEGIN
  UPDATE tally SET entries = entries - 1
  WHERE rule = OLD.rule AND state = OLD.state AND in_aws = (OLD.arn IS NOT NULL);
  INSERT INTO tally VALUES (NEW.rule, NEW.state, NEW.arn IS NOT NULL, 1)
  ON CONFLICT (rule, state, in_aws) DO UPDATE SET entries = entries + 1;
END;
CREATE TRIGGER IF NOT EXISTS secret_goes AFTER DELETE ON secret
BEGIN
  UPDATE tally SET entries = entries - 1
  WHERE rule = OLD.rule AND state = OLD.state AND in_aws = (OLD.arn IS NOT NULL);
END;

CREATE TABLE IF NOT EXISTS made (
  namespace TEXT NOT NULL,
  mount     TEXT NOT NULL,
  path      TEXT NOT NULL,
  rule      TEXT NOT NULL,
  at        REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS made_of ON made (namespace, mount, path, rule, at);
CREATE TABLE IF NOT EXISTS deleting (
  namespace TEXT NOT NULL,
  mount     TEXT NOT NULL,
  path      TEXT NOT NULL,
  rule      TEXT NOT NULL,
  at        REAL NOT NULL,
  PRIMARY KEY (namespace, mount, path, rule)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS deleting_of ON deleting (rule, at);
CREATE TABLE IF NOT EXISTS deed (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at     REAL NOT NULL,
  "by"   TEXT NOT NULL,  -- the name of a token
  what   TEXT NOT NULL,
  about  TEXT NOT NULL   -- JSON
);
CREATE TABLE IF NOT EXISTS gap (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  mounts TEXT NOT NULL,  -- a JSON array
  reason TEXT NOT NULL,
  since  TEXT,           -- RFC 3339; null: nobody knows
  UNIQUE (mounts, reason)
);
CREATE TABLE IF NOT EXISTS plan (
  id       TEXT PRIMARY KEY,
  at       REAL NOT NULL,
  document TEXT NOT NULL
) WITHOUT ROWID;

INSERT INTO work (
  namespace, mount, path, unresolved, sequence, lane, version, created_time,
  look_twice, since, due, decided, attempts, parked, cause, detail, doubt
) VALUES
  ('', 'kv', 'a', 0, 41, 0, 7, '2026-11-23T10:00:00.9Z', 1, 100.0, 100.0, 100.0, 2, 0,
   'VAULT_SEALED', 'sealed', 1),
  ('', 'kv', 'data/b', 1, 42, 0, NULL, NULL, 0, 101.0, 101.0, 101.0, 0, 0, '', '', 0),
  ('team', 'kv', 'c', 0, 43, 1, NULL, NULL, 0, 102.0, 102.0, 102.0, 1, 1,
   'VALUE_EMPTY', 'no key', 0);
INSERT INTO secret (
  namespace, mount, path, rule, region, name, state, state_since, cause, detail, arn,
  version, created_time, deletion_time, version_id, attributes, accessor, decision,
  decided_by, applied_at, checked_at, lag
) VALUES
  ('', 'kv', 'a', 'r', 'eu-west-1', 'kv/a', 'in_sync', 90.0, NULL, '', 'arn:a', 6,
   '2026-11-23T09:00:00Z', NULL, 'v6-a', '{}', 'kv_1', NULL, '', 90.0, 90.0, 0.2),
  ('', 'kv', 'd', 'r', 'eu-west-1', 'kv/d', 'conflict', 91.0, 'CONFLICT_FOREIGN', 'not ours',
   NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'adopt', 'oncall', NULL, 91.0, NULL);
INSERT INTO made VALUES ('', 'kv', 'a', 'r', 90.0);
INSERT INTO deleting VALUES ('', 'kv', 'gone', 'r', 80.0);
INSERT INTO deed (at, "by", what, about) VALUES (91.0, 'oncall', 'adopt', '{"path":"kv/d"}');
INSERT INTO gap (mounts, reason, since) VALUES
  ('["**"]', 'end_of_stream', '2026-11-23T09:30:00Z');
INSERT INTO plan VALUES ('7f3a9c41d2e0', 91.0, '{"changes": []}');
PRAGMA user_version = 2;
