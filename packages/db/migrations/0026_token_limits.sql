-- Up Migration

-- A token that replaces another is the same sender: `first_id` is the first of their line (null in the first itself). `limits`: only what
-- differs from what every token may.
ALTER TABLE api_token
  ADD COLUMN first_id bigint REFERENCES api_token,
  ADD COLUMN limits   jsonb NOT NULL DEFAULT '{}';

-- Which sender registered a series: its first token. Null: nobody's, from before there were limits.
ALTER TABLE series ADD COLUMN sender bigint;
CREATE INDEX series_sender ON series (sender);

-- Down Migration
DROP INDEX series_sender;
ALTER TABLE series DROP COLUMN sender;
ALTER TABLE api_token DROP COLUMN first_id, DROP COLUMN limits;
