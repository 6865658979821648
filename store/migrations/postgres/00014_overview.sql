-- +goose Up
-- What the calls that are over add up to, by cells of a quarter of an hour and of a day (UTC) in which they were made; agent_id '' is all agents together.
CREATE TABLE overview_counts (
  environment_id TEXT    NOT NULL,
  agent_id       TEXT    NOT NULL,
  cell           BIGINT  NOT NULL, -- how long, in seconds
  at             BIGINT  NOT NULL,
  is_outgoing    BOOLEAN NOT NULL,
  cause          TEXT    NOT NULL,
  calls          BIGINT  NOT NULL,
  answered       BIGINT  NOT NULL,
  talk           BIGINT  NOT NULL, -- microseconds from answer to end
  interruptions  BIGINT  NOT NULL,
  cost           BIGINT  NOT NULL, -- in millionths of the price file's unit
  costed         BIGINT  NOT NULL, -- calls that have a cost
  stt            BIGINT  NOT NULL, -- microseconds
  tokens_in      BIGINT  NOT NULL,
  tokens_out     BIGINT  NOT NULL,
  characters     BIGINT  NOT NULL,
  telephony      BIGINT  NOT NULL, -- microseconds
  PRIMARY KEY (environment_id, agent_id, cell, at, is_outgoing, cause)
);
CREATE INDEX overview_counts_span ON overview_counts (environment_id, cell, at);
CREATE TABLE overview_latency (
  environment_id TEXT    NOT NULL,
  agent_id       TEXT    NOT NULL,
  cell           BIGINT  NOT NULL,
  at             BIGINT  NOT NULL,
  heard          TEXT    NOT NULL, -- how often which latency was: store/latency.go
  vendors        TEXT    NOT NULL, -- so, by vendor
  PRIMARY KEY (environment_id, agent_id, cell, at)
);
-- What is not added up yet.
CREATE TABLE overview_news (
  id             TEXT    PRIMARY KEY,
  environment_id TEXT    NOT NULL,
  call_id        TEXT    NOT NULL,
  sign           BIGINT  NOT NULL, -- 1: doc is to be added, -1: taken away, 0: the call, as it is by then, is to be added
  doc            TEXT    NOT NULL
);
CREATE INDEX overview_news_line ON overview_news (environment_id, id);
CREATE INDEX overview_news_call ON overview_news (call_id) WHERE sign = 0;
INSERT INTO overview_news (id, environment_id, call_id, sign, doc) SELECT id, environment_id, id, 0, '' FROM calls WHERE status IN ('ended', 'error');
