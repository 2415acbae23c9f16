"""The statements of the work queue, apart from what decides when each is used."""

SCHEMA = """
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
"""

FIND = """
SELECT * FROM work
WHERE namespace = :namespace AND mount = :mount AND path = :path
  AND unresolved = :unresolved
"""

#: A new hint begins anew: attempts, parked, cause and detail take their defaults.
WRITE = """
INSERT OR REPLACE INTO work (
  namespace, mount, path, unresolved, sequence, lane, version, created_time,
  look_twice, since, due, decided
) VALUES (
  :namespace, :mount, :path, :unresolved, :sequence, :lane, :version, :created_time,
  :look_twice, :since, :due, :decided
)
"""

NEXT = """
SELECT * FROM work WHERE parked = 0 AND lane = :lane ORDER BY due, sequence LIMIT :limit
"""

NEWEST = "SELECT max(sequence) FROM work"

FORGET = """
DELETE FROM work
WHERE namespace = :namespace AND mount = :mount AND path = :path
  AND unresolved = :unresolved
"""

#: What was asked for before the round is done; what came since remains.
NEXT_ROUND = """
UPDATE work SET due = :due, since = :due, lane = :lane, look_twice = :look_twice
WHERE namespace = :namespace AND mount = :mount AND path = :path
  AND unresolved = :unresolved
"""

RETRY = """
UPDATE work SET due = :due, decided = :now, attempts = :attempts, cause = :cause,
  detail = :detail
WHERE namespace = :namespace AND mount = :mount AND path = :path
  AND unresolved = :unresolved
"""

PARK = """
UPDATE work SET parked = 1, cause = :cause, detail = :detail
WHERE namespace = :namespace AND mount = :mount AND path = :path
  AND unresolved = :unresolved
"""

UNPARK = """
UPDATE work SET parked = 0, lane = :lane, due = :now, since = :now, decided = :now,
  attempts = 0
WHERE parked = 1
"""

#: A reference that only waits for its time is not pending.
PENDING = """
SELECT cause FROM work
WHERE namespace = :namespace AND mount = :mount AND path = :path
  AND unresolved = 0 AND parked = 0 AND (due <= :now OR attempts > 0)
"""

BACKLOG = """
SELECT count(*), min(since) FROM work
WHERE parked = 0 AND (due <= :now OR attempts > 0)
"""

PARKED = "SELECT cause, count(*) FROM work WHERE parked = 1 GROUP BY cause"

CLOCK_WENT_BACK = """
UPDATE work SET due = min(due, :now), decided = :now
WHERE decided > :now
"""
