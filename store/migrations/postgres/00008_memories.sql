-- +goose Up
-- What is known of whoever has a number; agent_id is '' where it is known to all agents.
CREATE TABLE memories (
  id             TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL REFERENCES environments (id),
  number         TEXT NOT NULL,
  agent_id       TEXT NOT NULL,
  call_id        TEXT NOT NULL,
  facts          TEXT NOT NULL,
  summary        TEXT NOT NULL,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL,
  UNIQUE (environment_id, number, agent_id)
);
CREATE INDEX memories_list ON memories (environment_id, created_at, id);
