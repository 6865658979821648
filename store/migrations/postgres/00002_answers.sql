-- +goose Up
CREATE TABLE answers (
  environment_id  TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  request         TEXT NOT NULL, -- hash of what was asked
  subject         TEXT NOT NULL, -- the id that a call made by it has
  owner           TEXT NOT NULL, -- the run of the process that works on it, '' when none does
  status          BIGINT NOT NULL, -- 0: there is no answer yet
  body            TEXT NOT NULL, -- sealed
  created_at      BIGINT NOT NULL,
  PRIMARY KEY (environment_id, idempotency_key)
);
CREATE INDEX answers_old ON answers (created_at);

CREATE INDEX deliveries_old ON deliveries (updated_at) WHERE state <> 'pending';
CREATE INDEX jobs_old ON jobs (created_at) WHERE state = 'done';

-- What calls are looked for by: without these each list would read every call of its environment, snapshots included.
CREATE INDEX calls_by_start  ON calls (environment_id, start_at, id);
CREATE INDEX calls_by_status ON calls (environment_id, status, created_at, id);
CREATE INDEX calls_by_agent  ON calls (environment_id, agent_id, created_at, id);
CREATE INDEX calls_by_to     ON calls (environment_id, to_number, created_at, id);
CREATE INDEX calls_by_from   ON calls (environment_id, from_number, created_at, id);
