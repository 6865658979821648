-- +goose Up
-- The snapshot of a call's agent is most of a call, and hardly ever read: it has a table of its own.
CREATE TABLE snapshots (
  call_id TEXT PRIMARY KEY,
  agent   TEXT NOT NULL
);
INSERT INTO snapshots (call_id, agent) SELECT id, agent FROM calls WHERE agent <> '';

ALTER TABLE calls DROP COLUMN agent;
ALTER TABLE calls ADD COLUMN queued   BOOLEAN NOT NULL DEFAULT FALSE; -- waits in table waiting
ALTER TABLE calls ADD COLUMN slot     BOOLEAN NOT NULL DEFAULT FALSE; -- counts towards the environment's maximum
ALTER TABLE calls ADD COLUMN audio    TEXT NOT NULL DEFAULT ''; -- how the recording is kept: wav, mp3; '' when there is none
ALTER TABLE calls ADD COLUMN has_text BOOLEAN NOT NULL DEFAULT TRUE; -- until its words are erased
UPDATE calls SET slot = TRUE WHERE status IN ('not_started', 'in_progress') AND stage NOT IN ('transfer_started', 'transfer_successful');
UPDATE calls SET audio = CASE WHEN doc::json ->> 'recording' LIKE '%.mp3' THEN 'mp3' ELSE 'wav' END WHERE doc::json ->> 'recording' <> '';
DROP INDEX calls_by_start;
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
  due_at         BIGINT NOT NULL, -- not before
  not_after      BIGINT NOT NULL, -- 0: whenever
  jobs           TEXT NOT NULL -- JSON
);
CREATE INDEX waiting_line ON waiting (environment_id, due_at, call_id);
CREATE INDEX waiting_next ON waiting (due_at);
CREATE INDEX waiting_late ON waiting (not_after) WHERE not_after > 0;

ALTER TABLE numbers ADD COLUMN reserve BIGINT NOT NULL DEFAULT 0; -- slots that outbound calls leave free
UPDATE numbers SET reserve = GREATEST(0, LEAST(1000000, (doc::json #>> '{config,inbound_reserve}')::numeric))::bigint WHERE json_typeof(doc::json #> '{config,inbound_reserve}') = 'number';
