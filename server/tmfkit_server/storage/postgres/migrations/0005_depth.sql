-- Pages of a whole collection at any depth: counts of stretches of positions say where to begin to count.

-- How many records of a collection have a position that begins, but for its last "bits", with "stretch". The widest
-- has the size of the collection; the narrowest are what is left to be counted off.
DROP TABLE tally;
CREATE TABLE tally (
    collection text NOT NULL,
    bits integer NOT NULL,
    stretch bigint NOT NULL,
    shard integer NOT NULL,
    records bigint NOT NULL,
    PRIMARY KEY (collection, bits, stretch, shard)
) WITH (fillfactor = 50);

INSERT INTO tally (collection, bits, stretch, shard, records)
SELECT collection, bits, position >> bits, 0, count(*)
FROM record CROSS JOIN (VALUES (63), (22), (17), (12)) width (bits)
GROUP BY collection, bits, position >> bits;
