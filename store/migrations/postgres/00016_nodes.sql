-- +goose Up
-- What people want to know of a node, and what an account's lines are taken by.
ALTER TABLE nodes ADD COLUMN name    TEXT NOT NULL DEFAULT '';   -- of its machine
ALTER TABLE nodes ADD COLUMN address TEXT NOT NULL DEFAULT '';   -- where carriers reach it by SIP
ALTER TABLE nodes ADD COLUMN most    BIGINT NOT NULL DEFAULT 0; -- calls that it takes at once; 0: no limit was given

CREATE TABLE lines (
  id      TEXT NOT NULL PRIMARY KEY, -- of a leg
  account TEXT NOT NULL,             -- connection that it goes by
  run     TEXT NOT NULL              -- life of the node that has it; with that it is free again
);
CREATE INDEX lines_account ON lines (account);
