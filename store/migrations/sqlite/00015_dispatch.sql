-- +goose Up
ALTER TABLE jobs ADD COLUMN node TEXT NOT NULL DEFAULT ''; -- that is to do it, for a moment before any may; '': any
