-- +goose Up
-- Times are microseconds since 1970 UTC, 0 is none. Documents are JSON text, kept as they were given.
CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE environments (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  max_calls  BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
  id             TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL REFERENCES environments (id),
  prefix         TEXT NOT NULL,
  hash           TEXT NOT NULL UNIQUE,
  created_at     BIGINT NOT NULL
);

CREATE TABLE resources (
  id             TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL REFERENCES environments (id),
  kind           TEXT NOT NULL,
  type           TEXT NOT NULL,
  label          TEXT NOT NULL,
  description    TEXT NOT NULL,
  owner_agent_id TEXT NOT NULL, -- made inline by that agent, '' otherwise
  doc            TEXT NOT NULL,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL
);
CREATE INDEX resources_list ON resources (environment_id, kind, created_at, id);
CREATE INDEX resources_type ON resources (type);

CREATE TABLE agents (
  id             TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL REFERENCES environments (id),
  name           TEXT NOT NULL,
  label          TEXT NOT NULL,
  description    TEXT NOT NULL,
  language       TEXT NOT NULL,
  doc            TEXT NOT NULL, -- without its sub-resources: those are agent_links
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL
);
CREATE INDEX agents_list ON agents (environment_id, created_at, id);

CREATE TABLE agent_links (
  agent_id    TEXT NOT NULL REFERENCES agents (id),
  role        TEXT NOT NULL, -- the agent's field: prompt, voice, actions, webhook, openai_account_connection
  place       BIGINT NOT NULL,
  resource_id TEXT NOT NULL REFERENCES resources (id),
  PRIMARY KEY (agent_id, role, place)
);
CREATE INDEX agent_links_resource ON agent_links (resource_id);

CREATE TABLE numbers (
  id                 TEXT PRIMARY KEY,
  environment_id     TEXT NOT NULL REFERENCES environments (id),
  number             TEXT NOT NULL,
  label              TEXT NOT NULL,
  description        TEXT NOT NULL,
  telephony_provider TEXT NOT NULL,
  active             BOOLEAN NOT NULL,
  outbound_only      BOOLEAN NOT NULL,
  inbound_agent      TEXT NOT NULL, -- an agent's id or ''
  doc                TEXT NOT NULL,
  created_at         BIGINT NOT NULL,
  updated_at         BIGINT NOT NULL,
  UNIQUE (environment_id, number)
);
CREATE INDEX numbers_number ON numbers (number);
CREATE INDEX numbers_agent ON numbers (inbound_agent);
CREATE INDEX numbers_list ON numbers (environment_id, created_at, id);

CREATE TABLE calls (
  id             TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL REFERENCES environments (id),
  status         TEXT NOT NULL,
  stage          TEXT NOT NULL,
  is_outgoing    BOOLEAN NOT NULL,
  from_number    TEXT NOT NULL,
  to_number      TEXT NOT NULL,
  agent_id       TEXT NOT NULL,
  telephony      TEXT NOT NULL,
  telephony_id   TEXT NOT NULL,
  cause          TEXT NOT NULL,
  agent          TEXT NOT NULL, -- snapshot
  doc            TEXT NOT NULL,
  created_at     BIGINT NOT NULL,
  start_at       BIGINT NOT NULL,
  end_at         BIGINT NOT NULL
);
CREATE INDEX calls_list ON calls (environment_id, created_at, id);
CREATE INDEX calls_open ON calls (status, environment_id) WHERE status IN ('not_started', 'in_progress');

CREATE TABLE events (
  position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- in order of commit; never used again
  id       TEXT NOT NULL UNIQUE,
  call_id  TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  type     TEXT NOT NULL,
  at       BIGINT NOT NULL,
  payload  TEXT NOT NULL,
  UNIQUE (call_id, sequence)
);

CREATE TABLE jobs (
  id          TEXT PRIMARY KEY,
  kind        TEXT NOT NULL,
  subject     TEXT NOT NULL,
  dedupe_key  TEXT NOT NULL,
  payload     TEXT NOT NULL,
  state       TEXT NOT NULL, -- ready, running, done, dead
  once        BOOLEAN NOT NULL,
  run_at      BIGINT NOT NULL,
  lease_until BIGINT NOT NULL,
  owner       TEXT NOT NULL,
  attempts    BIGINT NOT NULL,
  last_error  TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  UNIQUE (kind, dedupe_key)
);
CREATE INDEX jobs_due ON jobs (kind, run_at) WHERE state = 'ready';
CREATE INDEX jobs_running ON jobs (kind, lease_until) WHERE state = 'running';
CREATE INDEX jobs_subject ON jobs (subject);

CREATE TABLE deliveries (
  id             TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL,
  webhook_id     TEXT NOT NULL, -- inline:<call id> when the webhook exists in the call's snapshot only
  call_id        TEXT NOT NULL,
  event_id       TEXT NOT NULL,
  event_type     TEXT NOT NULL,
  position       BIGINT NOT NULL,
  state          TEXT NOT NULL, -- pending, delivered, failed, dropped
  attempts       BIGINT NOT NULL,
  next_at        BIGINT NOT NULL,
  tries          TEXT NOT NULL, -- JSON: what came of each attempt
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL
);
CREATE INDEX deliveries_due ON deliveries (webhook_id, attempts, next_at) WHERE state = 'pending';
CREATE INDEX deliveries_list ON deliveries (environment_id, created_at, id);
CREATE INDEX deliveries_call ON deliveries (call_id);

CREATE TABLE cursors (
  name     TEXT PRIMARY KEY,
  position BIGINT NOT NULL
);
