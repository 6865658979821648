-- +goose Up
-- The snapshot of a call's agent is most of a call, and hardly ever read: it has a table of its own. doc is last, for the same
-- reason: what is read past it has to walk its pages.
CREATE TABLE snapshots (
  call_id TEXT PRIMARY KEY,
  agent   TEXT NOT NULL
);
INSERT INTO snapshots (call_id, agent) SELECT id, agent FROM calls WHERE agent <> '';

CREATE TABLE calls_new (
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
  created_at     INTEGER NOT NULL,
  start_at       INTEGER NOT NULL,
  end_at         INTEGER NOT NULL,
  queued         BOOLEAN NOT NULL, -- waits in table waiting
  slot           BOOLEAN NOT NULL, -- counts towards the environment's maximum
  audio          TEXT NOT NULL, -- how the recording is kept: wav, mp3; '' when there is none
  has_text       BOOLEAN NOT NULL, -- until its words are erased
  doc            TEXT NOT NULL
);
INSERT INTO calls_new (id, environment_id, status, stage, is_outgoing, from_number, to_number, agent_id, telephony, telephony_id, cause, created_at, start_at, end_at, queued, slot, audio, has_text, doc)
  SELECT id, environment_id, status, stage, is_outgoing, from_number, to_number, agent_id, telephony, telephony_id, cause, created_at, start_at, end_at, FALSE, status IN ('not_started', 'in_progress') AND stage NOT IN ('transfer_started', 'transfer_successful'),
    CASE WHEN json_extract(doc, '$.recording') LIKE '%.mp3' THEN 'mp3' WHEN json_extract(doc, '$.recording') <> '' THEN 'wav' ELSE '' END, TRUE, doc FROM calls;
DROP TABLE calls;
ALTER TABLE calls_new RENAME TO calls;

CREATE INDEX calls_list      ON calls (environment_id, created_at, id);
CREATE INDEX calls_open      ON calls (status, environment_id) WHERE status IN ('not_started', 'in_progress');
CREATE INDEX calls_by_status ON calls (environment_id, status, created_at, id);
CREATE INDEX calls_by_agent  ON calls (environment_id, agent_id, created_at, id);
CREATE INDEX calls_by_to     ON calls (environment_id, to_number, created_at, id);
CREATE INDEX calls_by_from   ON calls (environment_id, from_number, created_at, id);
CREATE INDEX calls_by_cause   ON calls (environment_id, cause, created_at, id);
CREATE INDEX calls_by_carrier ON calls (environment_id, telephony_id, created_at, id);
CREATE INDEX calls_by_start   ON calls (environment_id, start_at, created_at, id, end_at); -- and the minutes used
CREATE INDEX calls_by_end     ON calls (environment_id, end_at, created_at, id);
CREATE INDEX calls_slots      ON calls (environment_id, is_outgoing) WHERE slot;
CREATE INDEX calls_audio      ON calls (environment_id, audio, end_at) WHERE audio <> '';
CREATE INDEX calls_text       ON calls (environment_id, end_at) WHERE has_text;

-- Calls that wait for their time and a free slot, with the jobs that carry them out then.
CREATE TABLE waiting (
  call_id        TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL,
  due_at         INTEGER NOT NULL, -- not before
  not_after      INTEGER NOT NULL, -- 0: whenever
  jobs           TEXT NOT NULL -- JSON
);
CREATE INDEX waiting_line ON waiting (environment_id, due_at, call_id);
CREATE INDEX waiting_next ON waiting (due_at);
CREATE INDEX waiting_late ON waiting (not_after) WHERE not_after > 0;

ALTER TABLE numbers ADD COLUMN reserve INTEGER NOT NULL DEFAULT 0; -- slots that outbound calls leave free
UPDATE numbers SET reserve = MAX(0, CAST(json_extract(doc, '$.config.inbound_reserve') AS INTEGER)) WHERE json_type(doc, '$.config.inbound_reserve') IN ('integer', 'real');
