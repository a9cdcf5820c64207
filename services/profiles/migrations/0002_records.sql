-- The three-colour records and all that is done for a pupil. What people wrote is sealed with the pupil's key.

CREATE TABLE records (
    student_id uuid PRIMARY KEY REFERENCES students (id),
    colour text NOT NULL,
    since timestamptz NOT NULL,
    second_due_at timestamptz,
    followed_up_at timestamptz,
    parents_reached_at timestamptz,
    planned_at timestamptz,
    version bigint NOT NULL
);
CREATE INDEX records_colour ON records (colour, student_id);

-- Rows are added, never changed.
CREATE TABLE record_entries (
    id uuid PRIMARY KEY,
    student_id uuid NOT NULL REFERENCES students (id),
    kind text NOT NULL,
    from_colour text NOT NULL,
    to_colour text NOT NULL,
    proposal_id uuid,
    actor uuid,
    corrects uuid,
    note bytea,
    created_at timestamptz NOT NULL
);
CREATE INDEX record_entries_student ON record_entries (student_id, id);

CREATE TABLE proposals (
    id uuid PRIMARY KEY,
    student_id uuid NOT NULL REFERENCES students (id),
    from_colour text NOT NULL,
    to_colour text NOT NULL,
    urgent boolean NOT NULL,
    -- Reasons, evidence, reason of rejection.
    body bytea NOT NULL,
    state text NOT NULL,
    proposer uuid NOT NULL,
    created_at timestamptz NOT NULL,
    forced_at timestamptz,
    second_due_at timestamptz,
    ended_at timestamptz,
    version bigint NOT NULL
);
CREATE INDEX proposals_student ON proposals (student_id, id);
CREATE UNIQUE INDEX proposals_open ON proposals (student_id) WHERE state = 'open';
CREATE INDEX proposals_live ON proposals (id) WHERE state = 'open' OR state = 'awaiting_second';

CREATE TABLE signatures (
    proposal_id uuid NOT NULL REFERENCES proposals (id),
    -- One signature a person.
    signer uuid NOT NULL,
    position integer NOT NULL,
    capacity text NOT NULL,
    note bytea,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (proposal_id, signer)
);

CREATE TABLE teams (
    student_id uuid PRIMARY KEY REFERENCES students (id),
    required integer NOT NULL,
    missing integer NOT NULL,
    vacant_since timestamptz,
    version bigint NOT NULL
);
CREATE INDEX teams_vacant ON teams (vacant_since, student_id) WHERE vacant_since IS NOT NULL;

CREATE TABLE team_members (
    student_id uuid NOT NULL REFERENCES teams (student_id),
    staff_id uuid NOT NULL REFERENCES staff (id),
    joined_at timestamptz NOT NULL,
    -- Null while the person is a member; who left stays for the record.
    left_at timestamptz,
    PRIMARY KEY (student_id, staff_id, joined_at)
);
CREATE UNIQUE INDEX team_members_now ON team_members (student_id, staff_id) WHERE left_at IS NULL;
CREATE INDEX team_members_staff ON team_members (staff_id, joined_at) WHERE left_at IS NULL;

CREATE TABLE care (
    id uuid PRIMARY KEY,
    student_id uuid NOT NULL REFERENCES students (id),
    kind text NOT NULL,
    author uuid NOT NULL,
    happened_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    body bytea NOT NULL
);
CREATE INDEX care_student ON care (student_id, kind, happened_at, id);

-- Every version of a joint plan is kept.
CREATE TABLE joint_plans (
    student_id uuid NOT NULL REFERENCES students (id),
    version bigint NOT NULL,
    body bytea NOT NULL,
    author uuid NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (student_id, version)
);

CREATE TABLE referrals (
    id uuid PRIMARY KEY,
    student_id uuid NOT NULL REFERENCES students (id),
    state text NOT NULL,
    body bytea NOT NULL,
    author uuid NOT NULL,
    created_at timestamptz NOT NULL,
    closed_at timestamptz,
    version bigint NOT NULL
);
CREATE INDEX referrals_student ON referrals (student_id, id);
CREATE UNIQUE INDEX referrals_open ON referrals (student_id) WHERE state <> 'closed';
