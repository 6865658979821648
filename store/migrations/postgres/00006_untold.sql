-- +goose Up
-- Calls that are over and whose ending is not in the event log yet: a start tells of it when a crash came in between.
CREATE TABLE untold (
  call_id TEXT PRIMARY KEY
);
