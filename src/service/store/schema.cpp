#include "service/store/schema.hpp"

#include <array>

namespace trainyard::store {
namespace {

// Times are UTC milliseconds. `state`, `payload` and `request` hold JSON. Only ever append steps: a
// published step is never edited.
constexpr const char* step_1 = R"(
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE access_key (
  id TEXT PRIMARY KEY, secret TEXT NOT NULL, user TEXT NOT NULL, session_token TEXT NOT NULL DEFAULT '',
  environment TEXT NOT NULL DEFAULT '',  -- the Python environment that `trainyard run` handed over
  created_ms INTEGER NOT NULL, expires_ms INTEGER) WITHOUT ROWID;

CREATE TABLE job (
  id TEXT PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
  phase TEXT NOT NULL, status TEXT NOT NULL, secondary_status TEXT NOT NULL,
  request TEXT NOT NULL,       -- CreateTrainingJob as it came
  environment TEXT NOT NULL,   -- what the caller's `trainyard run` handed over, or ''
  state TEXT NOT NULL,         -- the machine's Job
  seq INTEGER NOT NULL,        -- of its last event
  created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL, ended_ms INTEGER,
  UNIQUE (account, region, name));
CREATE INDEX job_by_creation ON job (region, created_ms, id);
CREATE INDEX job_alive ON job (created_ms) WHERE ended_ms IS NULL;

CREATE TABLE job_event (
  job TEXT NOT NULL, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL, kind TEXT NOT NULL,
  payload TEXT NOT NULL, PRIMARY KEY (job, seq)) WITHOUT ROWID;

CREATE TABLE effect (
  id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL);
CREATE INDEX effect_by_job ON effect (job);

CREATE TABLE instance (
  id TEXT PRIMARY KEY,          -- <job>.<attempt>.<n>
  job TEXT NOT NULL, attempt INTEGER NOT NULL, n INTEGER NOT NULL,
  token TEXT NOT NULL,          -- proves the agent; 256 bits
  last_report INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX instance_by_job ON instance (job);
CREATE INDEX instance_by_token ON instance (token);

CREATE TABLE log_stream (
  job TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, instance TEXT NOT NULL,
  created_ms INTEGER NOT NULL, PRIMARY KEY (region, name)) WITHOUT ROWID;

CREATE TABLE tag (
  arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key)) WITHOUT ROWID;

CREATE TABLE bucket (
  name TEXT PRIMARY KEY, region TEXT NOT NULL, created_ms INTEGER NOT NULL) WITHOUT ROWID;

-- `version` grows with every write of any object: (max(version), count(*)) of a prefix names its
-- content, since between two equal maxima objects can only have gone.
CREATE TABLE object (
  bucket TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, blob TEXT NOT NULL,
  size INTEGER NOT NULL, etag TEXT NOT NULL, modified_ms INTEGER NOT NULL,
  headers TEXT NOT NULL,        -- content headers, user metadata, checksums: JSON
  PRIMARY KEY (bucket, key)) WITHOUT ROWID;
CREATE INDEX object_by_blob ON object (blob);

CREATE TABLE upload (
  id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL,
  headers TEXT NOT NULL,        -- what the object will have
  created_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX upload_by_key ON upload (bucket, key);

-- Part n is the `size` bytes of `file` from `at` on.
CREATE TABLE part (
  upload TEXT NOT NULL, n INTEGER NOT NULL, file TEXT NOT NULL, at INTEGER NOT NULL,
  size INTEGER NOT NULL, md5 TEXT NOT NULL, sha256 TEXT NOT NULL, checksum TEXT NOT NULL,
  modified_ms INTEGER NOT NULL, PRIMARY KEY (upload, n)) WITHOUT ROWID;
)";

constexpr const char* step_2 = R"(
-- Environments that were added beside those of the settings.
CREATE TABLE environment (
  name TEXT PRIMARY KEY,
  directory TEXT NOT NULL,      -- its prefix, or a whole root
  python TEXT NOT NULL,         -- the interpreter, below the prefix; '' of a root
  created_ms INTEGER NOT NULL) WITHOUT ROWID;
)";

constexpr const char* step_3 = R"(
ALTER TABLE job ADD COLUMN user TEXT NOT NULL DEFAULT '';         -- who created it
ALTER TABLE job ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;   -- the queue's
CREATE INDEX job_by_end ON job (ended_ms) WHERE ended_ms IS NOT NULL;
)";

constexpr const char* step_4 = R"(
CREATE TABLE user (
  name TEXT PRIMARY KEY, is_admin INTEGER NOT NULL, created_ms INTEGER NOT NULL,
  revoked_ms INTEGER) WITHOUT ROWID;

-- Whose credentials a job's are, and of which role: '' in a key that is a user's own.
ALTER TABLE access_key ADD COLUMN job TEXT NOT NULL DEFAULT '';
ALTER TABLE access_key ADD COLUMN role TEXT NOT NULL DEFAULT '';

-- Until here there was one user.
UPDATE access_key SET job=substr(user, 5), user='trainyard' WHERE user LIKE 'job/%';
UPDATE job SET user='trainyard' WHERE user='' OR user LIKE 'job/%';
)";

constexpr const char* step_5 = R"(
-- What happened to jobs and is told to others, in the order of `id`.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, at_ms INTEGER NOT NULL,
  type TEXT NOT NULL,           -- the event's detail-type
  payload TEXT NOT NULL);       -- what it tells that the job's row does not keep
CREATE INDEX outbox_by_job ON outbox (job, id);

CREATE TABLE webhook (
  key TEXT PRIMARY KEY,         -- the hash of its URL
  told INTEGER NOT NULL) WITHOUT ROWID;  -- the last of outbox that it was told, or that was given up
)";

constexpr std::array steps{step_1, step_2, step_3, step_4, step_5};
static_assert(steps.size() == schema_version);

Result<int> current_version(Database& db) {
  auto q = db.prepare("PRAGMA user_version");
  TRY(q.step());
  return int(q.integer(0));
}

}  // namespace

Result<> migrate(Database& db) {
  const int from = TRY(current_version(db));
  if (from > schema_version)
    return fail(ErrorKind::conflict, "InternalFailure",
                "open the data directory: it is of version " + std::to_string(from) +
                    ", this program knows up to " + std::to_string(schema_version) +
                    ". Use the newer trainyard that wrote it, or another --data directory.");
  if (from == schema_version) return {};
  TRY(db.execute("BEGIN EXCLUSIVE"));
  for (int v = from; v < schema_version; ++v)
    TRY(db.execute(steps[std::size_t(v)]));
  TRY(db.execute("PRAGMA user_version=" + std::to_string(schema_version)));
  return db.execute("COMMIT");
}

}  // namespace trainyard::store
