-- Screening: instruments, campaigns and their targets, responses with results, findings, interviews, observations, the list. Answers,
-- scores, notes and reasons are sealed with the pupil's key; levels of findings and states stay readable for queries.

-- Every version of every instrument that was ever offered: a result stays readable with the version that scored it.
CREATE TABLE instruments (
    id text NOT NULL,
    version integer NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id, version)
);

-- Schools as profiles tells of them.
CREATE TABLE schools (
    id uuid PRIMARY KEY,
    display_name text NOT NULL,
    active boolean NOT NULL
);

CREATE TABLE campaigns (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    -- Null for a campaign of the county.
    school_id uuid,
    title text NOT NULL,
    -- Words with commas between: support,statistics.
    purposes text NOT NULL,
    scope jsonb NOT NULL,
    instrument_id text NOT NULL,
    instrument_version integer NOT NULL,
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL,
    consent_rule text NOT NULL,
    state text NOT NULL,
    target_count bigint NOT NULL,
    creator uuid NOT NULL,
    created_at timestamptz NOT NULL,
    opened_at timestamptz,
    closed_at timestamptz,
    -- Somebody writes the target list until then.
    opening_until timestamptz,
    FOREIGN KEY (instrument_id, instrument_version) REFERENCES instruments (id, version)
);
CREATE INDEX campaigns_school ON campaigns (school_id, id);
CREATE INDEX campaigns_opening ON campaigns (opening_until) WHERE state = 'opening';

-- The classes of a campaign with the counts of their targets: progress without looking at anybody.
CREATE TABLE campaign_classes (
    campaign_id uuid NOT NULL REFERENCES campaigns (id),
    class_id uuid NOT NULL,
    school_id uuid NOT NULL,
    targets bigint NOT NULL,
    submitted bigint NOT NULL,
    retest bigint NOT NULL,
    on_leave bigint NOT NULL,
    exempt bigint NOT NULL,
    refused bigint NOT NULL,
    gone bigint NOT NULL,
    -- Responses taken from pupils of the class, and how many of them the summary counts.
    responses bigint NOT NULL,
    summary jsonb,
    summarised bigint NOT NULL,
    PRIMARY KEY (campaign_id, class_id)
);
CREATE INDEX campaign_classes_class ON campaign_classes (class_id, campaign_id);
CREATE INDEX campaign_classes_school ON campaign_classes (school_id, campaign_id);

CREATE TABLE targets (
    id uuid PRIMARY KEY,
    campaign_id uuid NOT NULL REFERENCES campaigns (id),
    student_id uuid NOT NULL,
    school_id uuid NOT NULL,
    class_id uuid NOT NULL,
    state text NOT NULL,
    needs_consent boolean NOT NULL,
    consented_at timestamptz,
    attempts integer NOT NULL,
    submitted_at timestamptz,
    -- Why the pupil is excused, and answers on the way: sealed.
    reason bytea,
    draft bytea,
    drafted_at timestamptz,
    UNIQUE (student_id, campaign_id)
);
CREATE INDEX targets_campaign ON targets (campaign_id, class_id, id);

-- Answers and what they mean, in one row: a submission is one insert and one update.
CREATE TABLE responses (
    id uuid PRIMARY KEY,
    -- The client's key: the same key of the same pupil is the same response.
    client_key uuid NOT NULL,
    campaign_id uuid NOT NULL REFERENCES campaigns (id),
    target_id uuid NOT NULL REFERENCES targets (id),
    student_id uuid NOT NULL,
    school_id uuid NOT NULL,
    class_id uuid NOT NULL,
    instrument_id text NOT NULL,
    instrument_version integer NOT NULL,
    rule_version integer NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    late boolean NOT NULL,
    complete boolean NOT NULL,
    retest boolean NOT NULL,
    answers bytea NOT NULL,
    result bytea NOT NULL,
    UNIQUE (student_id, client_key)
);
CREATE INDEX responses_campaign ON responses (campaign_id, class_id, id);

-- Alerts that were raised for answers, each once: a keyed hash of target, item and severity.
CREATE TABLE signals (
    mark bytea PRIMARY KEY,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE findings (
    id uuid PRIMARY KEY,
    student_id uuid NOT NULL,
    school_id uuid NOT NULL,
    class_id uuid NOT NULL,
    source text NOT NULL,
    level text NOT NULL,
    day date NOT NULL,
    evidence_kind text,
    evidence_id uuid,
    notes bytea,
    creator uuid,
    created_at timestamptz NOT NULL
);
CREATE INDEX findings_school ON findings (school_id, id);
CREATE INDEX findings_student ON findings (student_id, id);
CREATE INDEX findings_evidence ON findings (evidence_id);

CREATE TABLE interviews (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    student_id uuid NOT NULL,
    school_id uuid NOT NULL,
    class_id uuid NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    evidence_kind text,
    evidence_id uuid,
    due_at timestamptz NOT NULL,
    -- Outcome, signs, notes, interviewer: sealed.
    held bytea,
    created_at timestamptz NOT NULL
);
-- One open interview a pupil gathers what comes later.
CREATE UNIQUE INDEX interviews_open ON interviews (student_id) WHERE state = 'open';
CREATE INDEX interviews_school ON interviews (school_id, due_at, id);
CREATE INDEX interviews_student ON interviews (student_id, due_at, id);

CREATE TABLE observations (
    id uuid PRIMARY KEY,
    school_id uuid NOT NULL,
    class_id uuid NOT NULL,
    -- Null until it is known whom it is about.
    student_id uuid,
    instrument_id text NOT NULL,
    instrument_version integer NOT NULL,
    state text NOT NULL,
    level text,
    by_peer boolean NOT NULL,
    observed_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    -- Ratings, notes, description, observer: sealed with the pupil's key, with the service's while there is no pupil.
    content bytea NOT NULL
);
CREATE INDEX observations_school ON observations (school_id, id);
CREATE INDEX observations_student ON observations (student_id, id);

CREATE TABLE class_meetings (
    id uuid PRIMARY KEY,
    school_id uuid NOT NULL,
    class_id uuid NOT NULL,
    day date NOT NULL,
    covered bigint NOT NULL,
    topic bytea NOT NULL,
    creator uuid NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX class_meetings_class ON class_meetings (class_id, id);

CREATE TABLE entries (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    student_id uuid NOT NULL,
    school_id uuid NOT NULL,
    class_id uuid NOT NULL,
    enter_day date NOT NULL,
    exit_day date,
    -- Findings, reasons, notes, exit: sealed.
    content bytea NOT NULL,
    created_at timestamptz NOT NULL
);
-- A pupil is on the list once.
CREATE UNIQUE INDEX entries_open ON entries (student_id) WHERE exit_day IS NULL;
CREATE INDEX entries_school ON entries (school_id, id);
CREATE INDEX entries_student ON entries (student_id, id);
