-- Up Migration

-- What an alert is a sign of is said by the rules in force when it enters an incident, not by those of when it came.
ALTER TABLE alert DROP COLUMN type;

-- Down Migration
ALTER TABLE alert ADD COLUMN type text;
