"""The tables and statements of the journal, apart from what decides when each is used.

``tally`` counts the rows of ``secret``, kept by triggers in the same transaction, so
that the delete brake and the metrics never walk through a hundred thousand entries.
INSERT OR REPLACE would drop a row behind the triggers' back; write with ON CONFLICT.
"""

from __future__ import annotations

SCHEMA = """
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
"""

KNOWN = """
SELECT * FROM secret
WHERE namespace = :namespace AND mount = :mount AND path = :path
ORDER BY rule, region, name
"""
FIND = """
SELECT * FROM secret
WHERE namespace = :namespace AND mount = :mount AND path = :path
  AND rule = :rule AND region = :region AND name = :name
"""
WRITE = """
INSERT INTO secret (
  namespace, mount, path, rule, region, name, state, state_since, cause, detail, arn,
  version, created_time, deletion_time, version_id, attributes, accessor,
  decision, decided_by,
  applied_at, checked_at, lag
) VALUES (
  :namespace, :mount, :path, :rule, :region, :name, :state, :state_since, :cause,
  :detail, :arn, :version, :created_time, :deletion_time, :version_id, :attributes,
  :accessor,
  :decision, :decided_by, :applied_at, :checked_at, :lag
)
ON CONFLICT (namespace, mount, path, rule, region, name) DO UPDATE SET
  state = :state, state_since = :state_since, cause = :cause, detail = :detail,
  arn = :arn, version = :version, created_time = :created_time,
  deletion_time = :deletion_time, version_id = :version_id, attributes = :attributes,
  accessor = :accessor,
  decision = :decision, decided_by = :decided_by, applied_at = :applied_at,
  checked_at = :checked_at, lag = :lag
"""
DECIDE = """
UPDATE secret SET decision = :decision, decided_by = :decided_by
WHERE namespace = :namespace AND mount = :mount AND path = :path
  AND rule = :rule AND region = :region AND name = :name
"""
FORGET = """
DELETE FROM secret
WHERE namespace = :namespace AND mount = :mount AND path = :path
  AND rule = :rule AND region = :region AND name = :name
"""
NAMED = """
SELECT * FROM secret WHERE region = ? AND name = ?
ORDER BY namespace, mount, path, rule
"""
COUNTS = """
SELECT rule, state, sum(entries) FROM tally
GROUP BY rule, state HAVING sum(entries) > 0
"""

_PAGE = """
SELECT * FROM secret
WHERE (namespace, mount, path, rule, region, name)
    > (:after_namespace, :after_mount, :after_path, :after_rule, :after_region,
       :after_name)
  {conditions}
ORDER BY namespace, mount, path, rule, region, name LIMIT :limit
"""
_RULE, _STATE = "AND rule = :rule", "AND state = :state"
#: The plus keeps SQLite from the rule's index: asked for is mostly a rare state.
_RULE_IN_STATE = "AND +rule = :rule"
#: ``casefold`` is a function that the journal gives to its connection.
_TEXT = """
AND instr(casefold(ltrim(namespace || '/' || mount || '/' || path, '/') || ' ' || name),
  casefold(:text))
"""

MADE = """
INSERT INTO made (namespace, mount, path, rule, at)
VALUES (:namespace, :mount, :path, :rule, :at)
"""
MADE_SINCE = """
SELECT at FROM made WHERE namespace = :namespace AND mount = :mount
  AND path = :path AND rule = :rule AND at > :since
"""
FORGET_MADE = """
DELETE FROM made WHERE namespace = :namespace AND mount = :mount
  AND path = :path AND rule = :rule AND at <= :since
"""

DELETING = """
INSERT INTO deleting (namespace, mount, path, rule, at)
VALUES (:namespace, :mount, :path, :rule, :at)
ON CONFLICT (namespace, mount, path, rule) DO UPDATE SET at = :at
"""
FORGET_DELETING = "DELETE FROM deleting WHERE rule = :rule AND at <= :until"
ACCEPT_DELETIONS = "DELETE FROM deleting WHERE rule = ?"
#: What is about to be deleted is still live: it must not count twice in the population.
DELETIONS = """
SELECT
  (SELECT count(*) FROM deleting WHERE rule = :rule AND at > :since) AS made,
  (SELECT count(*) FROM deleting WHERE rule = :rule AND at > :since AND NOT EXISTS (
    SELECT 1 FROM secret AS s WHERE (s.namespace, s.mount, s.path, s.rule)
      = (deleting.namespace, deleting.mount, deleting.path, deleting.rule)
      AND arn IS NOT NULL AND state NOT IN ('deleting', 'orphaned'))) AS gone,
  (SELECT coalesce(sum(entries), 0) FROM tally WHERE rule = :rule AND in_aws = 1
    AND state NOT IN ('deleting', 'orphaned')) AS live,
  (SELECT count(*) FROM secret WHERE state = 'held' AND rule = :rule
    AND cause = 'BRAKE') AS held
"""

ADD_DEED = 'INSERT INTO deed (at, "by", what, about) VALUES (:at, :by, :what, :about)'
FORGET_DEEDS = "DELETE FROM deed WHERE number <= ?"
DEEDS = """
SELECT * FROM deed WHERE :before IS NULL OR number < :before
ORDER BY number DESC LIMIT :limit
"""

SAME_GAP = "SELECT since FROM gap WHERE mounts = ? AND reason = ?"
DROP_SAME_GAP = "DELETE FROM gap WHERE mounts = ? AND reason = ?"
ADD_GAP = "INSERT INTO gap (mounts, reason, since) VALUES (?, ?, ?)"
GAPS = "SELECT * FROM gap ORDER BY number"
CLEAR_GAP = "DELETE FROM gap WHERE number = ?"


def page(*, rule: bool, state: bool, text: bool) -> str:
    """The statement for one page, narrowed by what is asked for: with conditions that
    may be off, SQLite would use no index."""
    of_rule = _RULE_IN_STATE if state else _RULE
    given = {of_rule: rule, _STATE: state, _TEXT: text}
    conditions = " ".join(condition for condition, asked in given.items() if asked)
    return _PAGE.format(conditions=conditions)
