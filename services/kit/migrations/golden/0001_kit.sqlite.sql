CREATE TABLE kit_data_keys (subject BLOB PRIMARY KEY, wrapped BLOB NOT NULL) STRICT;
CREATE TABLE kit_outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, receiver TEXT NOT NULL, key BLOB NOT NULL, payload BLOB NOT NULL, created_at TEXT NOT NULL, due_at TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, refusals INTEGER NOT NULL DEFAULT 0, done_at TEXT, poisoned_at TEXT) STRICT;
CREATE INDEX kit_outbox_order ON kit_outbox (receiver, key, seq) WHERE done_at IS NULL AND poisoned_at IS NULL;
CREATE INDEX kit_outbox_due ON kit_outbox (receiver, due_at) WHERE done_at IS NULL AND poisoned_at IS NULL;
CREATE INDEX kit_outbox_done ON kit_outbox (done_at) WHERE done_at IS NOT NULL;
CREATE TABLE kit_inbox (event_id BLOB PRIMARY KEY, received_at TEXT NOT NULL) STRICT;
CREATE INDEX kit_inbox_received ON kit_inbox (received_at);
CREATE TABLE kit_requests (actor TEXT NOT NULL, method TEXT NOT NULL, request_id BLOB NOT NULL, digest BLOB NOT NULL, answer BLOB, created_at TEXT NOT NULL, PRIMARY KEY (actor, method, request_id)) STRICT;
CREATE INDEX kit_requests_created ON kit_requests (created_at);
CREATE TABLE kit_audit (seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, kind TEXT NOT NULL, target_kind TEXT NOT NULL, target_id BLOB, school_id BLOB, student_id BLOB, call_id BLOB NOT NULL, note TEXT, previous_hash BLOB, hash BLOB) STRICT;
CREATE INDEX kit_audit_student ON kit_audit (student_id, seq) WHERE student_id IS NOT NULL;
CREATE INDEX kit_audit_unsealed ON kit_audit (seq) WHERE hash IS NULL
