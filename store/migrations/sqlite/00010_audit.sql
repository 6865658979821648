-- +goose Up
-- Who acted on which running call, when, and what came of it; kept with the call's events. status 0: it was being done when the server was killed.
CREATE TABLE audit (
  id             TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL REFERENCES environments (id),
  call_id        TEXT NOT NULL,
  key_prefix     TEXT NOT NULL,
  act            TEXT NOT NULL,
  details        TEXT NOT NULL,
  status         INTEGER NOT NULL,
  code           TEXT NOT NULL,
  created_at     INTEGER NOT NULL
);
CREATE INDEX audit_list ON audit (environment_id, created_at, id);
CREATE INDEX audit_by_call ON audit (environment_id, call_id, created_at, id);
CREATE INDEX audit_call ON audit (call_id);
