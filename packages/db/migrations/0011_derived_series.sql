-- Up Migration

-- Series are looked for by their service and the names of their sisters.
CREATE INDEX series_of_service ON series (service, name);
DROP INDEX series_service;

-- Why an anomaly is one, where a person's own rule says so: a fixed limit, an objective.
ALTER TABLE anomaly ADD COLUMN reason text;

-- Down Migration
ALTER TABLE anomaly DROP COLUMN reason;
CREATE INDEX series_service ON series (service);
DROP INDEX series_of_service;
