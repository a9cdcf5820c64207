-- Imports of rosters. The file and what was said of its rows are sealed with the service's key and erased some days after the end.

CREATE TABLE imports (
    id uuid PRIMARY KEY,
    creator uuid NOT NULL,
    -- Ids of the schools whose rows are taken, with commas between; null for all of the county.
    schools text,
    -- Name of the file, sheet, headings: sealed.
    about bytea NOT NULL,
    size_bytes bigint NOT NULL,
    dry_run boolean NOT NULL,
    policy text NOT NULL,
    state text NOT NULL,
    failure text NOT NULL,
    rows_total integer NOT NULL,
    rows_checked integer NOT NULL,
    rows_done integer NOT NULL,
    created integer NOT NULL,
    updated integer NOT NULL,
    unchanged integer NOT NULL,
    moved integer NOT NULL,
    rejected integer NOT NULL,
    duplicates integer NOT NULL,
    with_warnings integer NOT NULL,
    classes_created integer NOT NULL,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    erase_at timestamptz,
    erased boolean NOT NULL,
    -- Who is at work on it, and until when the others leave it alone.
    worker uuid,
    worker_until timestamptz,
    -- How often somebody began to work on it since it last got on.
    attempts integer NOT NULL
);
CREATE INDEX imports_creator ON imports (creator, id);
CREATE INDEX imports_live ON imports (id) WHERE state = 'pending' OR state = 'running';
CREATE INDEX imports_to_erase ON imports (erase_at) WHERE NOT erased;

-- Apart, so that progress does not write the file again.
CREATE TABLE import_files (
    import_id uuid PRIMARY KEY REFERENCES imports (id),
    content bytea NOT NULL
);

-- What became of the rows, a chunk of the sheet a row here.
CREATE TABLE import_chunks (
    import_id uuid NOT NULL REFERENCES imports (id),
    position integer NOT NULL,
    created integer NOT NULL,
    updated integer NOT NULL,
    unchanged integer NOT NULL,
    moved integer NOT NULL,
    rejected integer NOT NULL,
    duplicates integer NOT NULL,
    -- Rows with reasons against them or warnings.
    remarked integer NOT NULL,
    results bytea NOT NULL,
    PRIMARY KEY (import_id, position)
);
