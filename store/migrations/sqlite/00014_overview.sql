-- +goose Up
-- What the calls that are over add up to, by cells of a quarter of an hour and of a day (UTC) in which they were made; agent_id '' is all agents together.
CREATE TABLE overview_counts (
  environment_id TEXT    NOT NULL,
  agent_id       TEXT    NOT NULL,
  cell           INTEGER NOT NULL, -- how long, in seconds
  at             INTEGER NOT NULL,
  is_outgoing    BOOLEAN NOT NULL,
  cause          TEXT    NOT NULL,
  calls          INTEGER NOT NULL,
  answered       INTEGER NOT NULL,
  talk           INTEGER NOT NULL, -- microseconds from answer to end
  interruptions  INTEGER NOT NULL,
  cost           INTEGER NOT NULL, -- in millionths of the price file's unit
  costed         INTEGER NOT NULL, -- calls that have a cost
  stt            INTEGER NOT NULL, -- microseconds
  tokens_in      INTEGER NOT NULL,
  tokens_out     INTEGER NOT NULL,
  characters     INTEGER NOT NULL,
  telephony      INTEGER NOT NULL, -- microseconds
  PRIMARY KEY (environment_id, agent_id, cell, at, is_outgoing, cause)
) WITHOUT ROWID;
CREATE INDEX overview_counts_span ON overview_counts (environment_id, cell, at);
CREATE TABLE overview_latency (
  environment_id TEXT    NOT NULL,
  agent_id       TEXT    NOT NULL,
  cell           INTEGER NOT NULL,
  at             INTEGER NOT NULL,
  heard          TEXT    NOT NULL, -- how often which latency was: store/latency.go
  vendors        TEXT    NOT NULL, -- so, by vendor
  PRIMARY KEY (environment_id, agent_id, cell, at)
);
-- What is not added up yet.
CREATE TABLE overview_news (
  id             TEXT    PRIMARY KEY,
  environment_id TEXT    NOT NULL,
  call_id        TEXT    NOT NULL,
  sign           INTEGER NOT NULL, -- 1: doc is to be added, -1: taken away, 0: the call, as it is by then, is to be added
  doc            TEXT    NOT NULL
);
CREATE INDEX overview_news_line ON overview_news (environment_id, id);
CREATE INDEX overview_news_call ON overview_news (call_id) WHERE sign = 0;
INSERT INTO overview_news (id, environment_id, call_id, sign, doc) SELECT id, environment_id, id, 0, '' FROM calls WHERE status IN ('ended', 'error');
