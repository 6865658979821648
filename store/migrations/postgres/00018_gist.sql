-- +goose Up
-- By what a prompt or a webhook without a label is found: its text, its address.
ALTER TABLE resources ADD COLUMN gist TEXT NOT NULL DEFAULT '';
-- A text with a NUL is none here; it is found once it is changed.
UPDATE resources SET gist = COALESCE(doc::json ->> CASE kind WHEN 'webhooks' THEN 'url' ELSE 'content' END, '') WHERE kind IN ('webhooks', 'prompts') AND position('\u0000' IN doc) = 0;
