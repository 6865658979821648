-- +goose Up
-- updated_at, where gist is of the row as it is: an older node, which knows of no gist, changes the one and leaves the other. Such rows are brought
-- up to date before they are searched, and so are those with a NUL in their text, which is none here.
ALTER TABLE resources ADD COLUMN gist_at BIGINT NOT NULL DEFAULT 0;
UPDATE resources SET gist = COALESCE(doc::json ->> CASE kind WHEN 'webhooks' THEN 'url' ELSE 'content' END, ''), gist_at = updated_at WHERE kind IN ('webhooks', 'prompts') AND position('\u0000' IN doc) = 0;
UPDATE resources SET gist_at = updated_at WHERE kind NOT IN ('webhooks', 'prompts');
CREATE INDEX resources_gist ON resources (environment_id, kind, id) WHERE gist_at <> updated_at;
