-- Up Migration

-- A step that depends on how an earlier one ended may turn out not to be needed.
ALTER TABLE action DROP CONSTRAINT action_state_check;
ALTER TABLE action ADD CONSTRAINT action_state_check
  CHECK (state IN ('planned', 'dispatching', 'succeeded', 'failed', 'denied', 'unknown', 'cancelled', 'skipped'));

-- Down Migration
UPDATE action SET state = 'cancelled' WHERE state = 'skipped';
ALTER TABLE action DROP CONSTRAINT action_state_check;
ALTER TABLE action ADD CONSTRAINT action_state_check
  CHECK (state IN ('planned', 'dispatching', 'succeeded', 'failed', 'denied', 'unknown', 'cancelled'));
