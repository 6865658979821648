-- +goose Up
-- What agents may look up. Each change to an environment's documents is one revision of its library.
CREATE TABLE libraries (
  environment_id TEXT PRIMARY KEY REFERENCES environments (id),
  revision       INTEGER NOT NULL
);
CREATE TABLE documents (
  id             TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL REFERENCES environments (id),
  name           TEXT NOT NULL,
  type           TEXT NOT NULL,
  language       TEXT NOT NULL,
  tags           TEXT NOT NULL,
  size           INTEGER NOT NULL,
  revision       INTEGER NOT NULL,
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL,
  content        TEXT NOT NULL
);
CREATE INDEX documents_list ON documents (environment_id, created_at, id);
