CREATE TABLE things (
    id uuid PRIMARY KEY,
    parent uuid REFERENCES things (id),
    at timestamptz NOT NULL,
    day date,
    year integer NOT NULL,
    name text NOT NULL,
    big bigint NOT NULL,
    small integer NOT NULL,
    ok boolean NOT NULL,
    ratio double precision NOT NULL,
    raw bytea NOT NULL,
    data jsonb NOT NULL,
    seen timestamptz
);

CREATE TABLE many (
    id uuid PRIMARY KEY,
    seen timestamptz,
    name text NOT NULL,
    big bigint NOT NULL DEFAULT 0 CHECK (big >= 0),
    ok boolean NOT NULL DEFAULT false,
    raw bytea,
    data jsonb
);
