"""The spool's tables and every statement that touches them.

``waiting`` holds one row per thing that changed, however often it did. ``position``
is its place in the queue and stays while the row does, so a secret that changes all
the time cannot be overtaken for ever; ``revision`` grows with every change, so what
changed while its event was under way is not removed with it.
"""

from __future__ import annotations

VERSION = 1

TABLES = """
CREATE TABLE IF NOT EXISTS waiting (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL DEFAULT 1,
  queued REAL NOT NULL,      -- unix seconds, when it was first put here
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  time TEXT,
  data BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS set_aside (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at REAL NOT NULL,
  reason TEXT NOT NULL,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  time TEXT,
  data BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS last_failure (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  at REAL NOT NULL,
  reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS read_up_to (
  path TEXT PRIMARY KEY,     -- as configured; the file itself may have moved on
  inode TEXT NOT NULL,       -- 64 bits without a sign, more than an INTEGER holds
  offset INTEGER NOT NULL,
  head_bytes INTEGER NOT NULL,
  head_digest BLOB NOT NULL
);
"""

FIND = "SELECT type, id, time, data FROM waiting WHERE key = ?"
INSERT = """
INSERT INTO waiting (key, queued, type, id, time, data) VALUES (?, ?, ?, ?, ?, ?)
"""
UPDATE = """
UPDATE waiting SET id = ?, time = ?, data = ?, revision = revision + 1 WHERE key = ?
"""
PEEK = """
SELECT position, revision, type, id, time, data FROM waiting ORDER BY position LIMIT ?
"""
DELIVERED = "DELETE FROM waiting WHERE position = ? AND revision = ?"
COUNT = "SELECT count(*) FROM waiting"
COUNT_BY_TYPE = "SELECT type, count(*) FROM waiting GROUP BY type"
OLDEST = "SELECT queued FROM waiting ORDER BY position LIMIT 1"

SET_ASIDE = """
INSERT INTO set_aside (at, reason, type, id, time, data) VALUES (?, ?, ?, ?, ?, ?)
"""
ALL_SET_ASIDE = "SELECT type, id, time, data FROM set_aside ORDER BY number"
LIST_SET_ASIDE = "SELECT at, reason, type, data FROM set_aside ORDER BY number"
FORGET_SET_ASIDE = "DELETE FROM set_aside"

FAILED = "INSERT OR REPLACE INTO last_failure (one, at, reason) VALUES (1, ?, ?)"
LAST_FAILURE = "SELECT at, reason FROM last_failure"

READ_UP_TO = "INSERT OR REPLACE INTO read_up_to VALUES (?, ?, ?, ?, ?)"
FIND_READ_UP_TO = """
SELECT inode, offset, head_bytes, head_digest FROM read_up_to
WHERE path = ?
"""
