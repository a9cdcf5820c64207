-- What every service has besides its own tables.

-- Lists as one argument: `id IN (SELECT unhex(value) FROM json_each($1))`. SQLite has both functions.
-- @postgres
CREATE FUNCTION json_each(list text) RETURNS TABLE (value text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 50
    AS $$ SELECT jsonb_array_elements_text(list::jsonb) $$;

-- @postgres
CREATE FUNCTION unhex(digits text) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT digits::uuid $$;

-- One data key a subject, wrapped by the county's key. A row that is deleted makes everything of its subject unreadable.
CREATE TABLE kit_data_keys (
    subject uuid PRIMARY KEY,
    wrapped bytea NOT NULL
);

-- Events to other services, written in the transaction that makes them true.
CREATE TABLE kit_outbox (
    -- The order in which the events of one receiver and key are delivered.
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    receiver text NOT NULL,
    key uuid NOT NULL,
    -- The encoded event, sealed.
    payload bytea NOT NULL,
    created_at timestamptz NOT NULL,
    -- When to try next. While a pump holds the event, the end of its lease.
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    -- How many attempts the receiver itself refused.
    refusals integer NOT NULL DEFAULT 0,
    done_at timestamptz,
    -- Set aside after too many refusals.
    poisoned_at timestamptz
);
CREATE INDEX kit_outbox_order ON kit_outbox (receiver, key, seq) WHERE done_at IS NULL AND poisoned_at IS NULL;
CREATE INDEX kit_outbox_due ON kit_outbox (receiver, due_at) WHERE done_at IS NULL AND poisoned_at IS NULL;
CREATE INDEX kit_outbox_done ON kit_outbox (done_at) WHERE done_at IS NOT NULL;

-- Events that were taken, so that each is taken once.
CREATE TABLE kit_inbox (
    event_id uuid PRIMARY KEY,
    received_at timestamptz NOT NULL
);
CREATE INDEX kit_inbox_received ON kit_inbox (received_at);

-- Answers to requests that carry a request_id, so that the same request gets the same answer.
CREATE TABLE kit_requests (
    actor text NOT NULL,
    method text NOT NULL,
    request_id uuid NOT NULL,
    -- Of the request message, so that another request under the same id is found out.
    digest bytea NOT NULL,
    -- Sealed; written by the transaction that does the work, so never missing once that is committed.
    answer bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (actor, method, request_id)
);
CREATE INDEX kit_requests_created ON kit_requests (created_at);

-- Who did or read what. Only ever appended to.
CREATE TABLE kit_audit (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    -- `read` or `write`.
    kind text NOT NULL,
    target_kind text NOT NULL,
    target_id uuid,
    school_id uuid,
    student_id uuid,
    call_id uuid NOT NULL,
    -- Fixed words of the program, never a user's.
    note text,
    -- Filled in by sealing, later: the chain of hashes.
    previous_hash bytea,
    hash bytea
);
CREATE INDEX kit_audit_student ON kit_audit (student_id, seq) WHERE student_id IS NOT NULL;
CREATE INDEX kit_audit_unsealed ON kit_audit (seq) WHERE hash IS NULL;
