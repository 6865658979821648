-- +goose Up
-- What calls are looked for by beside what they are: store/facts.go. latency_p50 is -1 while a call of an earlier version waits to be looked at.
ALTER TABLE calls ADD COLUMN latency_p50   BIGINT  NOT NULL DEFAULT -1; -- of what was heard, in milliseconds; 0: the agent answered nothing
ALTER TABLE calls ADD COLUMN latency_p95   BIGINT  NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN interruptions BIGINT  NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN cost          BIGINT  NOT NULL DEFAULT -1; -- in millionths of the price file's unit; -1: none
ALTER TABLE calls ADD COLUMN vendors       TEXT    NOT NULL DEFAULT ''; -- ,hearing:deepgram,thinking:openai,
DROP INDEX calls_list;
CREATE INDEX calls_list ON calls (environment_id, created_at, id, status, stage, is_outgoing, from_number, to_number, agent_id, telephony, cause, start_at, end_at,
  latency_p50, latency_p95, interruptions, cost, vendors);
CREATE INDEX calls_unlooked ON calls (id) WHERE latency_p50 < 0;
