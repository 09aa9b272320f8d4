-- Sorting by one plain attribute of the first level, and equality of one, by an index.

-- What a record has under an attribute of the first level whose value the contract calls a plain one: [kind, number,
-- text] as "sort_key" gives it. "irregular" has the key of the attribute, with ^ before its name, from the first record
-- on whose value is no plain one, or a long text.
CREATE TABLE scalar (
    key text COLLATE "C" NOT NULL,
    kind smallint NOT NULL,
    number numeric NOT NULL,
    text text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (key, kind, number, text, position)
);

-- The attributes that "scalar" has every record's value of; a server fills in those of its contracts when it starts.
CREATE TABLE scalar_attribute (
    collection text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (collection, name)
);
