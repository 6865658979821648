-- +goose Up
-- Pools: numbers by tag, when each was called from last, and when it may be again.
ALTER TABLE numbers ADD COLUMN last_call_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE numbers ADD COLUMN free_at      INTEGER NOT NULL DEFAULT 0; -- by its pacing; 0: now
CREATE TABLE number_tags (
  environment_id TEXT NOT NULL,
  tag            TEXT NOT NULL,
  number_id      TEXT NOT NULL,
  PRIMARY KEY (environment_id, tag, number_id)
);
CREATE INDEX number_tags_number ON number_tags (number_id);
INSERT INTO number_tags (environment_id, tag, number_id)
  SELECT DISTINCT n.environment_id, t.value, n.id FROM numbers n, json_each(CASE json_type(n.doc, '$.tags') WHEN 'array' THEN json_extract(n.doc, '$.tags') ELSE '[]' END) AS t;

-- Calls from a number that has a pacing, of the last day.
CREATE TABLE number_calls (
  number_id TEXT   NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (number_id, at)
);

ALTER TABLE waiting ADD COLUMN pool  TEXT   NOT NULL DEFAULT ''; -- whose numbers it waits for, too
ALTER TABLE waiting ADD COLUMN since INTEGER NOT NULL DEFAULT 0; -- due_at without that
UPDATE waiting SET since = due_at;
DROP INDEX waiting_line;
CREATE INDEX waiting_line ON waiting (environment_id, due_at, since, call_id);
CREATE INDEX waiting_pool ON waiting (environment_id, pool) WHERE pool <> '';
