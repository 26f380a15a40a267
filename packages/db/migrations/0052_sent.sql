-- Up Migration

-- When an action was let go to its target, for the last time: the last look at switches, lease and fence is the write of this moment.
ALTER TABLE action ADD COLUMN sent_at timestamptz;

-- Down Migration
ALTER TABLE action DROP COLUMN sent_at;
