-- Alerts and what happened to them. Words of people are sealed with the pupil's key.

CREATE TABLE alerts (
    id uuid PRIMARY KEY,
    number text NOT NULL UNIQUE,
    student_id uuid NOT NULL,
    -- The pupil while the alert gathers signals, null once it is closed: one open alert a pupil, drills apart.
    open_student_id uuid,
    drill boolean NOT NULL,
    school_id uuid,
    class_id uuid,
    placed boolean NOT NULL,
    severity text NOT NULL,
    state text NOT NULL,
    round integer NOT NULL,
    run_start integer NOT NULL,
    next_step integer NOT NULL,
    county boolean NOT NULL,
    -- When something is due and when that was decided: armed_at in the future means that the clock was set back.
    due_at timestamptz,
    armed_at timestamptz,
    -- What is left of a step's time while a receipt is awaited.
    rest_micros bigint,
    acknowledged_by uuid,
    acknowledged_at timestamptz,
    action_at timestamptz,
    closed_at timestamptz,
    -- Attempts to escalate that failed in a row; while set aside it is tried again at retry_at.
    failures integer NOT NULL,
    failed_at timestamptz,
    retry_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    UNIQUE (open_student_id, drill)
);
CREATE INDEX alerts_due ON alerts (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX alerts_red_due ON alerts (due_at) WHERE severity = 'red' AND due_at IS NOT NULL;
CREATE INDEX alerts_school ON alerts (school_id, id);
CREATE INDEX alerts_class ON alerts (class_id, id);
CREATE INDEX alerts_student ON alerts (student_id, id);
CREATE INDEX alerts_unplaced ON alerts (id) WHERE NOT placed;

CREATE TABLE alert_numbers (
    year integer PRIMARY KEY,
    last bigint NOT NULL
);

CREATE TABLE signals (
    id uuid PRIMARY KEY,
    -- Keyed hash of reporter and client key: the same report once, whatever the retries.
    dedupe bytea UNIQUE,
    alert_id uuid NOT NULL REFERENCES alerts (id),
    student_id uuid NOT NULL,
    source text NOT NULL,
    severity text NOT NULL,
    entry_level text NOT NULL,
    evidence text NOT NULL,
    sealed boolean NOT NULL,
    -- Reporter, signs and words, sealed with the pupil's key.
    reporter bytea,
    body bytea,
    created_at timestamptz NOT NULL
);
CREATE INDEX signals_alert ON signals (alert_id, id);

-- Each step once, whoever starts it.
CREATE TABLE escalation_steps (
    alert_id uuid NOT NULL REFERENCES alerts (id),
    round integer NOT NULL,
    step integer NOT NULL,
    started_at timestamptz NOT NULL,
    PRIMARY KEY (alert_id, round, step)
);

-- Entries are added, never changed.
CREATE TABLE timeline (
    id uuid PRIMARY KEY,
    alert_id uuid NOT NULL REFERENCES alerts (id),
    at timestamptz NOT NULL,
    kind text NOT NULL,
    user_id uuid,
    round integer NOT NULL,
    step integer,
    level text,
    channel text,
    action text,
    body bytea
);
CREATE INDEX timeline_alert ON timeline (alert_id, id);

-- Who opened an alert: the first time goes to the timeline.
CREATE TABLE views (
    alert_id uuid NOT NULL REFERENCES alerts (id),
    user_id uuid NOT NULL,
    PRIMARY KEY (alert_id, user_id)
);

-- The last position given out to a person. Its row is locked until commit, so that positions appear in the order of commits.
CREATE TABLE recipients (
    user_id uuid PRIMARY KEY,
    last_sequence bigint NOT NULL
);

CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    recipient uuid NOT NULL,
    sequence bigint NOT NULL,
    -- What it is about: told once a recipient and channel.
    subject text NOT NULL,
    channel text NOT NULL,
    kind text NOT NULL,
    alert_id uuid,
    number text NOT NULL,
    severity text NOT NULL,
    drill boolean NOT NULL,
    level text,
    round integer NOT NULL,
    step integer NOT NULL,
    alarm text,
    state text NOT NULL,
    attempts integer NOT NULL,
    -- When it is to be given to the channel and when that was decided.
    due_at timestamptz NOT NULL,
    armed_at timestamptz NOT NULL,
    -- A claim: whoever holds it sends; it ends by itself.
    leased_at timestamptz,
    lease_until timestamptz,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    receipt_at timestamptz,
    failed_at timestamptz,
    UNIQUE (recipient, sequence),
    UNIQUE (subject, recipient, channel)
);
CREATE INDEX notifications_queue ON notifications (due_at) WHERE state = 'queued';
CREATE INDEX notifications_alert ON notifications (alert_id, recipient);
CREATE INDEX notifications_unseen ON notifications (recipient, sequence) WHERE receipt_at IS NULL;
CREATE INDEX notifications_created ON notifications (created_at);

-- When each lane last went round: a lane that stands still is seen by its canary (R12).
CREATE TABLE canaries (
    lane text PRIMARY KEY,
    beat_at timestamptz NOT NULL
);
