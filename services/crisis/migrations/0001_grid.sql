-- The four-level grid: what the other services say of schools, classes and staff, and seats filled by hand.

CREATE TABLE schools (
    id uuid PRIMARY KEY,
    active boolean NOT NULL
);

CREATE TABLE classes (
    id uuid PRIMARY KEY,
    school_id uuid NOT NULL,
    -- stage:entry_year, such as junior:2025.
    grade text NOT NULL,
    active boolean NOT NULL
);
CREATE INDEX classes_school ON classes (school_id, id);

CREATE TABLE staff (
    id uuid PRIMARY KEY,
    user_id uuid,
    on_leave boolean NOT NULL
);
CREATE INDEX staff_user ON staff (user_id);

-- Where people stand: by a post (staff_id) or in a seat by hand (seat_key).
CREATE TABLE responders (
    id uuid PRIMARY KEY,
    staff_id uuid,
    -- level, place and person of a seat: the same person sits in the same seat once.
    seat_key text UNIQUE,
    level text NOT NULL,
    school_id uuid,
    class_id uuid,
    grade text,
    user_id uuid,
    on_leave boolean NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX responders_school ON responders (school_id);
CREATE INDEX responders_staff ON responders (staff_id);
CREATE INDEX responders_user ON responders (user_id);

-- Levels that nobody fills, since when. class_id is all zeros for a role of the whole school.
CREATE TABLE gaps (
    school_id uuid NOT NULL,
    class_id uuid NOT NULL,
    level text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (school_id, class_id, level)
);
