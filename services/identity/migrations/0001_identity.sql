-- Accounts. Login names are looked up by a keyed hash; names are sealed: a pupil's under the pupil's own key. Password
-- hashes are sealed as well: who has the file alone cannot even begin to guess.
CREATE TABLE users (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  school_id uuid,
  student_id uuid UNIQUE,
  login_hash bytea NOT NULL UNIQUE,
  login_name bytea NOT NULL,
  display_name bytea NOT NULL,
  password bytea,
  must_change_password boolean NOT NULL,
  disabled boolean NOT NULL,
  privileges_version bigint NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL
);
CREATE INDEX users_by_school ON users (school_id, id);

-- One row a log-in. The token itself is nowhere: only its keyed hash, and that of the token that will follow it.
CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id),
  token_hash bytea NOT NULL UNIQUE,
  next_token_hash bytea UNIQUE,
  privileges_version bigint NOT NULL,
  client bytea NOT NULL,
  create_time timestamptz NOT NULL,
  last_use_time timestamptz NOT NULL,
  expire_time timestamptz NOT NULL,
  end_time timestamptz
);
CREATE INDEX sessions_by_user ON sessions (user_id, id);
CREATE INDEX sessions_by_expiry ON sessions (expire_time);

-- One-time codes. A code without a user is that of the first start.
CREATE TABLE activations (
  id uuid PRIMARY KEY,
  user_id uuid REFERENCES users (id),
  code_hash bytea NOT NULL UNIQUE,
  create_time timestamptz NOT NULL,
  expire_time timestamptz NOT NULL,
  use_time timestamptz
);
CREATE INDEX activations_by_user ON activations (user_id);

-- Roles at scopes. A grant that was taken back stays, with its end.
CREATE TABLE grants (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id),
  role text NOT NULL,
  scope text NOT NULL,
  school_id uuid,
  student_id uuid,
  source text NOT NULL,
  state text NOT NULL,
  proposer_id uuid,
  confirmer_id uuid,
  create_time timestamptz NOT NULL,
  expire_time timestamptz,
  end_time timestamptz,
  version bigint NOT NULL
);
CREATE UNIQUE INDEX grants_live ON grants (user_id, role, scope, source) WHERE state <> 'ended';
CREATE INDEX grants_by_user ON grants (user_id, id);
CREATE INDEX grants_by_school ON grants (school_id, id);
CREATE INDEX grants_by_student ON grants (student_id);
CREATE INDEX grants_by_source ON grants (source);
CREATE INDEX grants_by_role ON grants (role);

-- Attempts to log in that have not ended in a log-in, by keyed hash of login name and address.
CREATE TABLE login_attempts (
  subject bytea PRIMARY KEY,
  count integer NOT NULL,
  next_time timestamptz NOT NULL,
  last_time timestamptz NOT NULL
);
CREATE INDEX login_attempts_by_time ON login_attempts (last_time);
