-- +goose Up
-- The processes that work on this database, and which of them a call runs in.
CREATE TABLE nodes (
  id         TEXT    NOT NULL PRIMARY KEY, -- of its data folder
  run        TEXT    NOT NULL,             -- this life of it
  state      TEXT    NOT NULL,             -- up, draining, gone
  beat       INTEGER NOT NULL,             -- grows as long as it lives
  version    TEXT    NOT NULL,
  roles      TEXT    NOT NULL,
  started_at INTEGER NOT NULL,
  seen_at    INTEGER NOT NULL
);

-- What one process does for all.
CREATE TABLE duties (
  name TEXT NOT NULL PRIMARY KEY,
  node TEXT NOT NULL
);

ALTER TABLE calls ADD COLUMN node TEXT NOT NULL DEFAULT '';  -- in which it runs, or ran; '': none, or one of an earlier version
ALTER TABLE untold ADD COLUMN node TEXT NOT NULL DEFAULT ''; -- that is to tell
