-- +goose Up
-- Where browsers reach a node: one without media sends them to another.
ALTER TABLE nodes ADD COLUMN url TEXT NOT NULL DEFAULT ''; -- '': that is not known
