-- +goose Up
-- Browsers that have shown a key: the hash of what their cookie holds, and until when it counts. It goes with its key.
CREATE TABLE logins (
  hash       TEXT PRIMARY KEY,
  key_id     TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
  expires_at BIGINT NOT NULL
);
CREATE INDEX logins_by_key ON logins (key_id);
CREATE INDEX logins_by_end ON logins (expires_at);
