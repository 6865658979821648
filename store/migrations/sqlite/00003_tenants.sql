-- +goose Up
-- Environments, keys and the do-not-call list.
ALTER TABLE environments ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'; -- JSON
ALTER TABLE api_keys ADD COLUMN label TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN role TEXT NOT NULL DEFAULT 'operator'; -- operator, admin, member
ALTER TABLE api_keys ADD COLUMN last_used INTEGER NOT NULL DEFAULT 0; -- to the minute
CREATE INDEX api_keys_list ON api_keys (environment_id, created_at, id);

CREATE TABLE do_not_call (
  id             TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL REFERENCES environments (id),
  number         TEXT NOT NULL,
  reason         TEXT NOT NULL,
  call_id        TEXT NOT NULL, -- that asked for it, '' when none did
  created_at     INTEGER NOT NULL,
  UNIQUE (environment_id, number)
);
CREATE INDEX do_not_call_list ON do_not_call (environment_id, created_at, id);
