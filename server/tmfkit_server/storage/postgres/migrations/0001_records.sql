-- Records, listeners and the outbox.

-- One count for everything, so that an export has it in the order in which it came into being.
CREATE SEQUENCE entry_number;

-- One stored resource. "body" is the text that was stored, name order and number forms included; everything that a
-- search looks at is derived from it when it is written (query/terms.py), and "tag" is its digest.
CREATE TABLE record (
    collection text NOT NULL,
    id text NOT NULL,
    position bigint NOT NULL DEFAULT nextval('entry_number'),
    body json NOT NULL,
    spelling json NOT NULL,
    tag text NOT NULL,
    terms jsonb NOT NULL,
    orders jsonb NOT NULL,
    PRIMARY KEY (collection, id)
) WITH (fillfactor = 90);

-- The order of creation, in which collections are listed.
CREATE UNIQUE INDEX record_in_order ON record (collection, position);

-- Equality of any attribute. A small pending list bounds what a search reads beside the index itself.
CREATE INDEX record_terms ON record USING gin (terms jsonb_path_ops) WITH (gin_pending_list_limit = 256);

-- Lowest and highest number and date-time (microseconds since 1970) that a record has under one name: ranges of any
-- attribute are one index range here.
CREATE TABLE bound (
    key text NOT NULL,
    value numeric NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (key, value, position)
);

-- Names under which a record ever had a text: everywhere else a range is a matter of "bound" alone.
CREATE TABLE textual (key text PRIMARY KEY);

-- Sizes of collections, in shards so that writers do not wait for each other.
CREATE TABLE tally (
    collection text NOT NULL,
    shard integer NOT NULL,
    records bigint NOT NULL,
    PRIMARY KEY (collection, shard)
) WITH (fillfactor = 50);

CREATE TABLE subscription (
    id text PRIMARY KEY,
    position bigint NOT NULL DEFAULT nextval('entry_number'),
    hub text NOT NULL,
    callback text NOT NULL,
    query json NOT NULL
);

CREATE INDEX subscription_of_hub ON subscription (hub, position);

CREATE TABLE outbox (
    sequence bigint NOT NULL DEFAULT nextval('entry_number') PRIMARY KEY,
    subscription text NOT NULL,
    callback text NOT NULL,
    notification json NOT NULL
);

CREATE INDEX outbox_of_subscription ON outbox (subscription, sequence);

-- What a record is sorted by: [rank of the type, number, text], or NULL for a record without a value under that name.
-- The first value in the order of the document decides; "orders" names it wherever there is more than one. Written
-- with immutable operators only, so that the planner can put it into the statement instead of calling it.
CREATE FUNCTION sort_key(terms jsonb, orders jsonb, pointer text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN orders ? ('>' || pointer) THEN orders -> ('>' || pointer)
    WHEN terms ? ('!' || pointer) THEN
        CASE terms -> ('!' || pointer) -> 0 WHEN 'true'::jsonb THEN '[0, 1]'::jsonb ELSE '[0, 0]'::jsonb END
    WHEN terms ? ('=' || pointer) THEN '[1]'::jsonb || (terms -> ('=' || pointer) -> 0)
    WHEN terms ? ('@' || pointer) THEN '[2]'::jsonb || (terms -> ('@' || pointer) -> 0)
    WHEN terms ? pointer THEN '[3, 0]'::jsonb || (terms -> pointer -> 0)
END;
