-- Sorting by one plain attribute of the first level, and equality of one, by an index.

-- The attributes of the first level that "scalar" has every record's value of, because the contract calls them plain
-- ones; a server fills in those that are new when it starts.
CREATE TABLE scalar_attribute (
    collection text NOT NULL,
    name text NOT NULL,
    number integer NOT NULL UNIQUE GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (collection, name)
);

-- What a record has under such an attribute, ordered as "sort_key" orders it. "key" is four times the attribute's number,
-- and the rank of the value's type. "irregular" has the name of an attribute behind its collection and a ^ from the
-- first record on whose value is no plain one, or a long text.
CREATE TABLE scalar (
    key integer NOT NULL,
    number numeric NOT NULL,
    text text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (key, number, text, position)
);
