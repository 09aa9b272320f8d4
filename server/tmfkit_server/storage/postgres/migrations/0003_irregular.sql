-- Ranges with two ends are one range of an index, wherever no record has different values under one name.

-- Keys under which a record ever had a text, or different numbers or date-times: only there does a range need more than
-- one look into "bound".
ALTER TABLE textual RENAME TO irregular;

INSERT INTO irregular (key)
SELECT DISTINCT key FROM (SELECT key FROM bound GROUP BY key, position HAVING count(*) > 1) several
ON CONFLICT DO NOTHING;
