-- Emergency plans and the tasks that come of them.

CREATE TABLE plans (
    id uuid PRIMARY KEY,
    school_id uuid NOT NULL,
    number integer NOT NULL,
    title text NOT NULL,
    items jsonb NOT NULL,
    state text NOT NULL,
    author uuid NOT NULL,
    approver uuid,
    approved_at timestamptz,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL,
    UNIQUE (school_id, number)
);

CREATE TABLE tasks (
    id uuid PRIMARY KEY,
    alert_id uuid NOT NULL REFERENCES alerts (id),
    plan_id uuid NOT NULL REFERENCES plans (id),
    student_id uuid NOT NULL,
    position integer NOT NULL,
    title text NOT NULL,
    owner_level text NOT NULL,
    owner uuid,
    due_at timestamptz NOT NULL,
    done_by uuid,
    done_at timestamptz,
    note bytea,
    drill boolean NOT NULL,
    UNIQUE (alert_id, plan_id, position)
);
CREATE INDEX tasks_owner ON tasks (owner, due_at);
