-- What profiles has told of schools and classes.
CREATE TABLE schools (
    id uuid PRIMARY KEY,
    code text NOT NULL,
    display_name text NOT NULL,
    active boolean NOT NULL
);
CREATE INDEX schools_by_code ON schools (code, id);

CREATE TABLE classes (
    id uuid PRIMARY KEY,
    school_id uuid NOT NULL,
    entry_year integer NOT NULL,
    closed_on date
);
CREATE INDEX classes_by_school ON classes (school_id);

-- Parents' committees (P6.1). Names of members are sealed.
CREATE TABLE committees (
    id uuid PRIMARY KEY,
    school_id uuid NOT NULL,
    level text NOT NULL,
    class_id uuid, -- for the committee of a class
    body_id uuid NOT NULL, -- the school or class that it speaks for
    founded_on date NOT NULL,
    content bytea NOT NULL, -- attachment
    version bigint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX committees_by_body ON committees (body_id);
CREATE INDEX committees_by_school ON committees (school_id, level, id);

CREATE TABLE committee_members (
    id uuid PRIMARY KEY,
    committee_id uuid NOT NULL REFERENCES committees (id),
    role text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    content bytea NOT NULL -- name
);
CREATE INDEX committee_members_by_committee ON committee_members (committee_id, starts_on);

-- Parent schools and their syllabus (P6.2, P6.5).
CREATE TABLE parent_schools (
    school_id uuid PRIMARY KEY,
    psychology boolean NOT NULL, -- whether a unit of the syllabus teaches it
    content bytea NOT NULL, -- units
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Parent lessons, open days, parent sessions (P6.2, P6.4, P6.6).
CREATE TABLE family_events (
    id uuid PRIMARY KEY,
    school_id uuid NOT NULL,
    kind text NOT NULL,
    held_on date NOT NULL,
    school_year integer NOT NULL,
    minutes integer NOT NULL,
    psychology boolean NOT NULL,
    invited integer NOT NULL,
    attended integer NOT NULL,
    state text NOT NULL,
    author_id uuid NOT NULL,
    content bytea NOT NULL, -- topic, attachment, attendance by class, reason of voiding
    version bigint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX family_events_by_school ON family_events (school_id, school_year, held_on, id);

-- Home visits (P6.3). What was said is sealed under the pupil's key.
CREATE TABLE home_visits (
    id uuid PRIMARY KEY,
    student_id uuid NOT NULL,
    school_id uuid NOT NULL,
    class_id uuid NOT NULL,
    visitor_id uuid NOT NULL,
    held_on date NOT NULL,
    school_year integer NOT NULL,
    mode text NOT NULL,
    state text NOT NULL,
    content bytea NOT NULL, -- topics, whom, companions, agreements, notes, reason of voiding
    version bigint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX home_visits_by_day ON home_visits (held_on, id);
CREATE INDEX home_visits_by_student ON home_visits (student_id, held_on, id);
CREATE INDEX home_visits_by_school ON home_visits (school_id, school_year, held_on, id);
CREATE INDEX home_visits_by_class ON home_visits (school_year, school_id, class_id) WHERE state = 'held';

-- Messages to guardians (P6.7). One to a pupil's guardians is sealed under the pupil's key.
CREATE TABLE messages (
    id uuid PRIMARY KEY,
    school_id uuid NOT NULL,
    class_id uuid, -- with neither class nor pupil it is for the whole school
    student_id uuid,
    sender_id uuid NOT NULL,
    kind text NOT NULL,
    sent_on date NOT NULL,
    school_year integer NOT NULL,
    content bytea NOT NULL, -- subject, body
    created_at timestamptz NOT NULL
);
CREATE INDEX messages_by_school ON messages (school_id, school_year);
CREATE INDEX messages_by_class ON messages (class_id, id);
CREATE INDEX messages_by_student ON messages (student_id, id);
CREATE INDEX messages_by_sender ON messages (sender_id, id);

CREATE TABLE read_receipts (
    id uuid PRIMARY KEY,
    message_id uuid NOT NULL REFERENCES messages (id),
    student_id uuid NOT NULL,
    guardian_id uuid NOT NULL,
    read_at timestamptz NOT NULL,
    UNIQUE (message_id, guardian_id, student_id)
);

-- Guardians ask for help (P6.7). Sealed under the pupil's key.
CREATE TABLE guidance_requests (
    id uuid PRIMARY KEY,
    student_id uuid NOT NULL,
    school_id uuid NOT NULL,
    class_id uuid, -- only when the homeroom teacher is asked: who sees the class sees the request
    author_id uuid NOT NULL,
    recipient text NOT NULL,
    urgent boolean NOT NULL,
    state text NOT NULL,
    content bytea NOT NULL, -- text
    version bigint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX guidance_requests_by_school ON guidance_requests (school_id, id);
CREATE INDEX guidance_requests_by_author ON guidance_requests (author_id, id);

CREATE TABLE guidance_replies (
    id uuid PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES guidance_requests (id),
    author_id uuid NOT NULL,
    said_at timestamptz NOT NULL,
    content bytea NOT NULL -- text
);
CREATE INDEX guidance_replies_by_request ON guidance_replies (request_id, id);

-- Consents: forms are published texts, never changed; decisions are kept, never written over (P3.6).
CREATE TABLE consent_forms (
    id uuid PRIMARY KEY,
    body_id uuid NOT NULL, -- the school; nil for the county
    purpose text NOT NULL,
    version integer NOT NULL,
    is_current boolean NOT NULL,
    content bytea NOT NULL, -- title, text
    created_at timestamptz NOT NULL,
    UNIQUE (body_id, purpose, version)
);

CREATE TABLE consents (
    id uuid PRIMARY KEY,
    student_id uuid NOT NULL,
    school_id uuid NOT NULL,
    class_id uuid NOT NULL,
    form_id uuid NOT NULL REFERENCES consent_forms (id),
    purpose text NOT NULL,
    form_version integer NOT NULL,
    guardian_id uuid NOT NULL,
    state text NOT NULL,
    decided_at timestamptz NOT NULL,
    ended_at timestamptz,
    version bigint NOT NULL
);
CREATE INDEX consents_by_student ON consents (student_id, id);

-- Partners and what was done with them (P6.8).
CREATE TABLE partners (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    display_name text NOT NULL, -- an organisation
    active boolean NOT NULL,
    content bytea NOT NULL, -- contact
    version bigint NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE partner_activities (
    id uuid PRIMARY KEY,
    school_id uuid NOT NULL,
    partner_id uuid NOT NULL REFERENCES partners (id),
    form text NOT NULL,
    held_on date NOT NULL,
    school_year integer NOT NULL,
    participants integer NOT NULL,
    state text NOT NULL,
    author_id uuid NOT NULL,
    content bytea NOT NULL, -- topic, attachment, reason of voiding
    version bigint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX partner_activities_by_school ON partner_activities (school_id, school_year, held_on, id);
