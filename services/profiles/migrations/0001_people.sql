-- Who is where: schools, classes, staff, pupils, guardians. Names, numbers and phones are sealed; look-ups are keyed hashes.

CREATE TABLE schools (
    id uuid PRIMARY KEY,
    code text NOT NULL UNIQUE,
    display_name text NOT NULL,
    -- Words with commas between: primary,junior.
    stages text NOT NULL,
    state text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);

CREATE TABLE classes (
    id uuid PRIMARY KEY,
    school_id uuid NOT NULL REFERENCES schools (id),
    stage text NOT NULL,
    entry_year integer NOT NULL,
    number integer NOT NULL,
    state text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    UNIQUE (school_id, stage, entry_year, number)
);

CREATE TABLE staff (
    id uuid PRIMARY KEY,
    -- Null for staff of the county.
    school_id uuid REFERENCES schools (id),
    -- Sealed with the service's key.
    name bytea NOT NULL,
    user_id uuid,
    on_leave boolean NOT NULL,
    state text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX staff_school ON staff (school_id, id);
CREATE INDEX staff_user ON staff (user_id);

CREATE TABLE staff_posts (
    staff_id uuid NOT NULL REFERENCES staff (id),
    post text NOT NULL,
    PRIMARY KEY (staff_id, post)
);

CREATE TABLE staff_classes (
    staff_id uuid NOT NULL REFERENCES staff (id),
    class_id uuid NOT NULL REFERENCES classes (id),
    PRIMARY KEY (staff_id, class_id)
);

CREATE TABLE staff_grades (
    staff_id uuid NOT NULL REFERENCES staff (id),
    stage text NOT NULL,
    entry_year integer NOT NULL,
    PRIMARY KEY (staff_id, stage, entry_year)
);

CREATE TABLE duties (
    id uuid PRIMARY KEY,
    staff_id uuid NOT NULL REFERENCES staff (id),
    -- Sealed with the service's key: it may name people.
    description bytea NOT NULL,
    assigner uuid NOT NULL,
    assigned_at timestamptz NOT NULL,
    confirmed_at timestamptz
);
CREATE INDEX duties_staff ON duties (staff_id, id);

CREATE TABLE students (
    id uuid PRIMARY KEY,
    -- The last school and class, for who has left.
    school_id uuid NOT NULL REFERENCES schools (id),
    class_id uuid NOT NULL REFERENCES classes (id),
    state text NOT NULL,
    -- Name, sex, birth date, numbers: sealed with the pupil's key.
    person bytea NOT NULL,
    -- Keyed hashes, cut to 128 bits so that they fit a uuid column and a list of ids.
    id_lookup uuid UNIQUE,
    number_lookup uuid UNIQUE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX students_school ON students (school_id, id);
CREATE INDEX students_class ON students (class_id, id);

CREATE TABLE guardians (
    id uuid PRIMARY KEY,
    -- Name and phone: sealed with the service's key, since siblings share a guardian.
    person bytea NOT NULL,
    lookup uuid NOT NULL UNIQUE
);

CREATE TABLE student_guardians (
    student_id uuid NOT NULL REFERENCES students (id),
    guardian_id uuid NOT NULL REFERENCES guardians (id),
    relation text NOT NULL,
    position integer NOT NULL,
    PRIMARY KEY (student_id, guardian_id)
);
CREATE INDEX student_guardians_guardian ON student_guardians (guardian_id);

CREATE TABLE special_groups (
    student_id uuid NOT NULL REFERENCES students (id),
    kind text NOT NULL,
    since date NOT NULL,
    until date,
    source text NOT NULL,
    PRIMARY KEY (student_id, kind, since)
);

CREATE TABLE transfers (
    id uuid PRIMARY KEY,
    student_id uuid NOT NULL REFERENCES students (id),
    from_school uuid NOT NULL REFERENCES schools (id),
    to_school uuid NOT NULL REFERENCES schools (id),
    state text NOT NULL,
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE UNIQUE INDEX transfers_open ON transfers (student_id) WHERE state = 'open';
CREATE INDEX transfers_to ON transfers (to_school, id) WHERE state = 'open';
CREATE INDEX transfers_from ON transfers (from_school, id) WHERE state = 'open';

-- Which pupils a member of staff looks after (P7.4).
CREATE TABLE assignments (
    staff_id uuid NOT NULL REFERENCES staff (id),
    student_id uuid NOT NULL REFERENCES students (id),
    assigned_at timestamptz NOT NULL,
    PRIMARY KEY (staff_id, student_id)
);
CREATE INDEX assignments_student ON assignments (student_id);
