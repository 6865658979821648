-- +goose Up
-- The SIP messages of a call that is over: gzip, as text.
CREATE TABLE traces (
  call_id  TEXT PRIMARY KEY,
  messages TEXT NOT NULL
);
