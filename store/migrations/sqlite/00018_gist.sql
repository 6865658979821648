-- +goose Up
-- By what a prompt or a webhook without a label is found: its text, its address.
ALTER TABLE resources ADD COLUMN gist TEXT NOT NULL DEFAULT '';
UPDATE resources SET gist = COALESCE(CASE kind WHEN 'webhooks' THEN json_extract(doc, '$.url') ELSE json_extract(doc, '$.content') END, '') WHERE kind IN ('webhooks', 'prompts');
