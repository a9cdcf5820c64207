-- What profiles has told of schools, classes and staff.
CREATE TABLE schools (
    id uuid PRIMARY KEY,
    code text NOT NULL,
    display_name text NOT NULL,
    stages text NOT NULL, -- words with spaces between them, here and below
    active boolean NOT NULL
);
CREATE INDEX schools_by_code ON schools (code, id);

CREATE TABLE classes (
    id uuid PRIMARY KEY,
    school_id uuid NOT NULL,
    stage text NOT NULL,
    entry_year integer NOT NULL,
    number integer NOT NULL,
    closed_on date
);
CREATE INDEX classes_by_school ON classes (school_id);

CREATE TABLE staff (
    id uuid PRIMARY KEY,
    school_id uuid, -- none for county staff
    user_id uuid,
    posts text NOT NULL,
    active boolean NOT NULL,
    on_leave boolean NOT NULL
);
CREATE INDEX staff_by_school ON staff (school_id);
CREATE INDEX staff_by_user ON staff (user_id);

-- Lessons held (P1.2, P1.3). Free text is sealed: people write names into it.
CREATE TABLE lessons (
    id uuid PRIMARY KEY,
    school_id uuid NOT NULL,
    class_id uuid NOT NULL,
    stage text NOT NULL,
    held_on date NOT NULL,
    school_year integer NOT NULL,
    period integer NOT NULL,
    teacher_id uuid NOT NULL,
    minutes integer NOT NULL,
    kind text NOT NULL,
    educations text NOT NULL,
    state text NOT NULL,
    content bytea NOT NULL, -- topic, attachment
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX lessons_by_slot ON lessons (class_id, held_on, period) WHERE state = 'held';
CREATE INDEX lessons_by_school ON lessons (school_id, school_year, held_on, id);
CREATE INDEX lessons_by_class ON lessons (class_id, school_year);

CREATE TABLE lesson_entries (
    id uuid PRIMARY KEY,
    lesson_id uuid NOT NULL REFERENCES lessons (id),
    number integer NOT NULL,
    author_id uuid NOT NULL,
    entered_at timestamptz NOT NULL,
    content bytea NOT NULL, -- reason, changes
    UNIQUE (lesson_id, number)
);

-- Teaching plans (P1.1).
CREATE TABLE teaching_plans (
    id uuid PRIMARY KEY,
    school_id uuid NOT NULL,
    school_year integer NOT NULL,
    grade integer NOT NULL,
    kind text NOT NULL,
    content bytea NOT NULL, -- title, units
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (school_id, school_year, grade, kind)
);

-- Staff training (P2.4, P4.3).
CREATE TABLE trainings (
    id uuid PRIMARY KEY,
    organiser_id uuid, -- a school; none for the county's centre
    held_on date NOT NULL,
    school_year integer NOT NULL,
    minutes integer NOT NULL,
    audience text NOT NULL,
    state text NOT NULL,
    attendees integer NOT NULL,
    content bytea NOT NULL, -- topic, trainer, attachment
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX trainings_by_year ON trainings (school_year, held_on, id);

-- The last entry for a person counts; the ones before it are kept.
CREATE TABLE attendances (
    id uuid PRIMARY KEY,
    training_id uuid NOT NULL REFERENCES trainings (id),
    staff_id uuid NOT NULL,
    minutes integer NOT NULL,
    counts boolean NOT NULL,
    recorder_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX attendances_that_count ON attendances (training_id, staff_id) WHERE counts;
CREATE INDEX attendances_by_staff ON attendances (staff_id) WHERE counts;

-- Certificates and qualifications (P2.1, P2.4).
CREATE TABLE certificates (
    id uuid PRIMARY KEY,
    staff_id uuid NOT NULL,
    kind text NOT NULL,
    stages text NOT NULL,
    training_id uuid,
    issued_on date NOT NULL,
    expires_on date,
    within_establishment boolean NOT NULL,
    practice_since date,
    revoked boolean NOT NULL,
    content bytea NOT NULL, -- title, issuer
    version bigint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX certificates_by_staff ON certificates (staff_id);

-- Activities beside lessons (P1.4 to P1.6, P4.3).
CREATE TABLE activities (
    id uuid PRIMARY KEY,
    school_id uuid NOT NULL,
    area text NOT NULL,
    occasion text NOT NULL,
    held_on date NOT NULL,
    school_year integer NOT NULL,
    channel text NOT NULL,
    actors text NOT NULL,
    educations text NOT NULL,
    participants integer NOT NULL,
    state text NOT NULL,
    content bytea NOT NULL, -- title, attachment
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX activities_by_school ON activities (school_id, school_year, held_on, id);
