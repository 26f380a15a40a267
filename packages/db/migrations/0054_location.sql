-- Up Migration

-- Where its target is, by the catalogue when it was admitted; null where the catalogue does not say.
ALTER TABLE action ADD COLUMN location text;
CREATE INDEX action_target_sent ON action (target, sent_at) WHERE sent_at IS NOT NULL;

-- Down Migration
DROP INDEX action_target_sent;
ALTER TABLE action DROP COLUMN location;
