-- Times are milliseconds since 1970. The same text serves SQLite and PostgreSQL.
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    workflow TEXT NOT NULL,
    requester TEXT NOT NULL,
    -- Whose key, and the key: a repeat is the same job.
    dedupe TEXT NOT NULL UNIQUE,
    body_digest TEXT NOT NULL,
    created BIGINT NOT NULL
);
CREATE TABLE runs (
    run TEXT PRIMARY KEY REFERENCES jobs (id),
    status TEXT NOT NULL,
    updated BIGINT NOT NULL,
    -- The end of the journal: what an append compares.
    len BIGINT NOT NULL,
    hash TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    -- When there is something to do for a worker; none while a person is waited for.
    due BIGINT,
    owner TEXT,
    lease_until BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    trouble TEXT
);
CREATE INDEX runs_due ON runs (due);
CREATE INDEX runs_updated ON runs (updated);
CREATE TABLE entries (
    run TEXT NOT NULL REFERENCES runs (run),
    seq BIGINT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (run, seq)
);
-- Found by what a person looks for; made of the journal, in the transaction of each entry.
CREATE TABLE approvals (
    call TEXT PRIMARY KEY,
    run TEXT NOT NULL REFERENCES runs (run),
    workflow TEXT NOT NULL,
    status TEXT NOT NULL,
    created BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX approvals_status ON approvals (status, created);
CREATE INDEX approvals_run ON approvals (run);
-- Approvals of calls that need more than one, bound to what each person was shown.
CREATE TABLE endorsements (
    call TEXT NOT NULL REFERENCES approvals (call),
    digest TEXT NOT NULL,
    approver TEXT NOT NULL,
    name TEXT NOT NULL,
    channel TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (call, digest, approver)
);
CREATE TABLE notices (
    id TEXT PRIMARY KEY,
    run TEXT NOT NULL REFERENCES runs (run),
    channel TEXT NOT NULL,
    body TEXT NOT NULL,
    due BIGINT,
    attempts BIGINT NOT NULL DEFAULT 0,
    sent BIGINT,
    trouble TEXT,
    -- What must still be so when it is sent; none where it is sent in any case.
    only_if TEXT
);
CREATE INDEX notices_due ON notices (due);
CREATE INDEX notices_run ON notices (run);
-- Messages that stand in a channel and show a state.
CREATE TABLE posts (
    place TEXT NOT NULL,
    ts TEXT NOT NULL,
    notice TEXT NOT NULL,
    run TEXT NOT NULL REFERENCES runs (run),
    call TEXT NOT NULL,
    channel TEXT NOT NULL,
    shown TEXT NOT NULL,
    PRIMARY KEY (place, ts)
);
CREATE INDEX posts_run ON posts (run);
-- Browsers that want to be told, each of one person.
CREATE TABLE subscriptions (
    -- The digest of the endpoint.
    id TEXT PRIMARY KEY,
    endpoint TEXT NOT NULL,
    approver TEXT NOT NULL,
    p256dh TEXT NOT NULL,
    auth TEXT NOT NULL,
    page TEXT,
    since BIGINT NOT NULL
);
CREATE INDEX subscriptions_approver ON subscriptions (approver, since);
-- Signatures that were taken, so that none is taken twice.
CREATE TABLE seen (
    key TEXT PRIMARY KEY,
    until BIGINT NOT NULL
);
-- The latest tick of each schedule that is a job.
CREATE TABLE schedules (
    id TEXT PRIMARY KEY,
    last BIGINT NOT NULL
);
-- For others to write to: a row becomes a job of a workflow with `inbox`, once for its id.
CREATE TABLE holdpoint_inbox (
    id TEXT PRIMARY KEY,
    workflow TEXT NOT NULL,
    -- JSON.
    input TEXT NOT NULL,
    -- Why no job was made of it; null again, it is tried again.
    refused TEXT
);
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
