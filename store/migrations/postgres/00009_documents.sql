-- +goose Up
-- What agents may look up. Each change to an environment's documents is one revision of its library.
CREATE TABLE libraries (
  environment_id TEXT PRIMARY KEY REFERENCES environments (id),
  revision       BIGINT NOT NULL
);
CREATE TABLE documents (
  id             TEXT PRIMARY KEY,
  environment_id TEXT NOT NULL REFERENCES environments (id),
  name           TEXT NOT NULL,
  type           TEXT NOT NULL,
  language       TEXT NOT NULL,
  tags           TEXT NOT NULL,
  size           BIGINT NOT NULL,
  revision       BIGINT NOT NULL,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL,
  content        TEXT NOT NULL
);
CREATE INDEX documents_list ON documents (environment_id, created_at, id);
