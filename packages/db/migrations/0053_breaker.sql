-- Up Migration

-- There from the start: whoever looks at the breaker locks this row.
INSERT INTO setting (key, value, by) VALUES ('breaker', '{"open": false, "armed": true, "sick": [], "services": 0, "incidentId": null, "calmSince": null, "reason": ""}', 'default');

-- Down Migration
DELETE FROM setting WHERE key = 'breaker';
