-- Up Migration

-- Under which id its sender knows a deployment: told again, perhaps at another time, it is the same one.
ALTER TABLE deployment ADD COLUMN origin text UNIQUE;

-- Down Migration
ALTER TABLE deployment DROP COLUMN origin;
