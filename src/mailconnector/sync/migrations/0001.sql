-- Pairs of folders. An id is NULL while the folder does not exist on that side. Parent, name: where it was at the last
-- synchronisation, in that side's terms. View: which part of the folder is wanted (FolderOptions.view).
CREATE TABLE folder (
  row INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  special TEXT NOT NULL,
  local_id TEXT UNIQUE,
  local_parent TEXT NOT NULL DEFAULT '',
  local_name TEXT NOT NULL DEFAULT '',
  local_validity TEXT NOT NULL DEFAULT '',
  local_cursor TEXT NOT NULL DEFAULT '',
  remote_id TEXT UNIQUE,
  remote_parent TEXT NOT NULL DEFAULT '',
  remote_name TEXT NOT NULL DEFAULT '',
  remote_validity TEXT NOT NULL DEFAULT '',
  remote_cursor TEXT NOT NULL DEFAULT '',
  view TEXT NOT NULL DEFAULT '',
  visited REAL NOT NULL DEFAULT 0
);

-- Pairs of items as they were at the last synchronisation (the base). Partial: the local one has headers only.
CREATE TABLE item (
  row INTEGER PRIMARY KEY,
  folder INTEGER NOT NULL REFERENCES folder (row),
  local_id TEXT,
  remote_id TEXT,
  local_flags TEXT NOT NULL,
  remote_flags TEXT NOT NULL,
  local_revision TEXT NOT NULL,
  remote_revision TEXT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  title TEXT NOT NULL,
  size INTEGER NOT NULL,
  date REAL,
  partial INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX item_local ON item (folder, local_id);
CREATE UNIQUE INDEX item_remote ON item (folder, remote_id);
CREATE INDEX item_partial ON item (folder) WHERE partial;

-- What differs from the base on one side and was not dealt with yet. It is written together with the cursor that it was
-- found by, so nothing is forgotten. Name NULL: nobody asked yet. Apart: not to be linked. Kept: a copy was put aside.
CREATE TABLE change (
  row INTEGER PRIMARY KEY,
  folder INTEGER NOT NULL REFERENCES folder (row),
  side TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  flags TEXT NOT NULL,
  revision TEXT NOT NULL,
  size INTEGER NOT NULL,
  date REAL,
  name TEXT,
  digest TEXT NOT NULL DEFAULT '',
  title TEXT NOT NULL DEFAULT '',
  apart INTEGER NOT NULL DEFAULT 0,
  kept INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_try REAL NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX change_place ON change (folder, side, id);

-- The journal: effects that were about to be made and whose outcome is not known. Side: where the effect is.
CREATE TABLE intent (
  row INTEGER PRIMARY KEY,
  step TEXT NOT NULL,
  folder INTEGER NOT NULL,
  side TEXT NOT NULL,
  pair INTEGER,
  source_id TEXT NOT NULL DEFAULT '',
  target_id TEXT NOT NULL DEFAULT '',
  data TEXT NOT NULL DEFAULT ''
);

CREATE TABLE log (
  row INTEGER PRIMARY KEY,
  at REAL NOT NULL,
  step TEXT NOT NULL,
  side TEXT NOT NULL,
  folder TEXT NOT NULL,
  title TEXT NOT NULL,
  note TEXT NOT NULL
);
CREATE INDEX log_at ON log (at);

CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
