-- +goose Up
-- Long lists. An index has what calls are often searched by beside the column it is for, so that what no index answers alone is looked
-- for in an index, and not in the calls: store/call.go names these columns.
DROP INDEX calls_list;
DROP INDEX calls_by_status;
DROP INDEX calls_by_agent;
DROP INDEX calls_by_cause;
CREATE INDEX calls_list      ON calls (environment_id, created_at, id, status, stage, is_outgoing, from_number, to_number, agent_id, telephony, cause, start_at, end_at);
CREATE INDEX calls_by_status ON calls (environment_id, status, created_at, id, cause, agent_id, is_outgoing);
CREATE INDEX calls_by_agent  ON calls (environment_id, agent_id, created_at, id, status, cause, is_outgoing);
CREATE INDEX calls_by_cause  ON calls (environment_id, cause, created_at, id, status, agent_id, is_outgoing);

CREATE INDEX deliveries_by_webhook ON deliveries (environment_id, webhook_id, created_at, id);
CREATE INDEX deliveries_by_call    ON deliveries (environment_id, call_id, created_at, id);
CREATE INDEX deliveries_by_event   ON deliveries (environment_id, event_id, created_at, id);
CREATE INDEX deliveries_by_state   ON deliveries (environment_id, state, created_at, id, webhook_id, event_type);
-- The next of those of which no attempt was made, however many there are.
CREATE INDEX deliveries_fresh      ON deliveries (webhook_id, position, id) WHERE state = 'pending' AND attempts = 0;
