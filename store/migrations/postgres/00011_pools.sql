-- +goose Up
-- Pools: numbers by tag, when each was called from last, and when it may be again.
ALTER TABLE numbers ADD COLUMN last_call_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE numbers ADD COLUMN free_at      BIGINT NOT NULL DEFAULT 0; -- by its pacing; 0: now
CREATE TABLE number_tags (
  environment_id TEXT NOT NULL,
  tag            TEXT NOT NULL,
  number_id      TEXT NOT NULL,
  PRIMARY KEY (environment_id, tag, number_id)
);
CREATE INDEX number_tags_number ON number_tags (number_id);
INSERT INTO number_tags (environment_id, tag, number_id)
  SELECT DISTINCT n.environment_id, t.tag, n.id FROM numbers n, json_array_elements_text(CASE json_typeof(n.doc::json -> 'tags') WHEN 'array' THEN n.doc::json -> 'tags' ELSE '[]' END) AS t(tag);

-- Calls from a number that has a pacing, of the last day.
CREATE TABLE number_calls (
  number_id TEXT   NOT NULL,
  at        BIGINT NOT NULL,
  PRIMARY KEY (number_id, at)
);

ALTER TABLE waiting ADD COLUMN pool  TEXT   NOT NULL DEFAULT ''; -- whose numbers it waits for, too
ALTER TABLE waiting ADD COLUMN since BIGINT NOT NULL DEFAULT 0; -- due_at without that
UPDATE waiting SET since = due_at;
DROP INDEX waiting_line;
CREATE INDEX waiting_line ON waiting (environment_id, due_at, since, call_id);
CREATE INDEX waiting_pool ON waiting (environment_id, pool) WHERE pool <> '';
