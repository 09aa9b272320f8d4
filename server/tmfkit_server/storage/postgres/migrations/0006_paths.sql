-- Of the address of a resource its path is stored; what stands before it is put there when it is answered.

-- What the server was called by when the change was asked for that a notification tells of; empty when nobody knows.
ALTER TABLE outbox ADD COLUMN address text NOT NULL DEFAULT '';

-- The beginnings of paths, for the addresses that have one of them: whoever called the server chose what stands before.
CREATE TEMPORARY TABLE moved ON COMMIT DROP AS
SELECT record.collection, record.id, body ->> 'href' AS old, coalesce(
    substring(body ->> 'href' FROM '(' || usual.path || '/[^/?#]+)$'),
    regexp_replace(regexp_replace(body ->> 'href', '^https?://[^/?#]*', ''), '^.*[?#]', '')
) AS new
FROM record JOIN (VALUES
    ('tmf629-v4:customer', '/tmf-api/customerManagement/v4/customer'),
    ('tmf629-v1:customer', '/customerManagement/customer'),
    ('tmf629-v1:customerAccount', '/customerManagement/customerAccount'),
    ('tmf629-v1:paymentMean', '/customerManagement/paymentMean'),
    ('tmf655-v1:changeRequest', '/changeManagement/changeRequest'),
    ('tmf681-v1:communicationMessage', '/communicationMessage/v1/communicationMessage'),
    ('tmf683-v4:partyInteraction', '/tmf-api/partyInteraction/v4/partyInteraction')
) usual (collection, path) USING (collection)
WHERE body ->> 'href' ~ '^https?://';

-- The server's own attributes come first in a body, so that its first "href" is the resource's. Tags stay, so that no
-- client takes a resource for changed.
UPDATE record SET
    body = overlay(
        body::text PLACING '"href":' || to_json(moved.new)::text
        FROM position('"href":' || to_json(moved.old)::text IN body::text)
        FOR char_length('"href":' || to_json(moved.old)::text)
    )::json,
    terms = jsonb_set(
        jsonb_set(terms, ARRAY[record.collection, '/href'], jsonb_build_array(moved.new)) #- ARRAY[record.collection, '~/href'],
        ARRAY[record.collection, CASE WHEN lower(moved.new) = moved.new THEN '/href' ELSE '~/href' END],
        jsonb_build_array(lower(moved.new))
    )
FROM moved WHERE moved.collection = record.collection AND moved.id = record.id;
