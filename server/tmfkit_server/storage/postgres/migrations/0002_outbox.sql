-- Order by resource, attempts that outlive a restart, and dead letters.

-- "subject" is the resource that a notification tells of, empty for what an earlier version left. "queued" and "due" are
-- seconds since 1970; "death" says why a notification was given up: {"reason", "status", "at"}, NULL while it is on its way.
ALTER TABLE outbox
    ADD COLUMN subject text NOT NULL DEFAULT '',
    ADD COLUMN queued bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint,
    ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN due double precision NOT NULL DEFAULT 0,
    ADD COLUMN death json;

-- Dead letters, however many, are nothing that those who deliver have to read past.
DROP INDEX outbox_of_subscription;
CREATE INDEX outbox_waiting ON outbox (subscription, sequence) WHERE death IS NULL;
CREATE INDEX outbox_dead ON outbox (subscription, sequence) WHERE death IS NOT NULL;
