#include "service/store/database.hpp"

#include <sqlite3.h>

#include <cstdio>

namespace trainyard::store {
namespace {

Failure sqlite_failure(sqlite3* db, std::string_view doing) {
  const int code = sqlite3_extended_errcode(db);
  const bool full = (code & 0xff) == SQLITE_FULL;
  const bool busy = (code & 0xff) == SQLITE_BUSY;
  return fail(full   ? ErrorKind::limit
              : busy ? ErrorKind::unavailable
                     : ErrorKind::internal,
              "InternalFailure", std::string(doing) + ": " + sqlite3_errmsg(db));
}

}  // namespace

Statement::~Statement() {
  if (!stmt_) return;
  sqlite3_reset(stmt_);
  sqlite3_clear_bindings(stmt_);
}

Statement& Statement::bind(std::int64_t value) {
  CHECK(sqlite3_bind_int64(stmt_, next_++, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(std::string_view value) {
  // A null pointer would bind NULL, and an empty view may hold one.
  const char* text = value.empty() ? "" : value.data();
  CHECK(sqlite3_bind_text64(stmt_, next_++, text, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8) ==
        SQLITE_OK);
  return *this;
}

Statement& Statement::bind_null() {
  CHECK(sqlite3_bind_null(stmt_, next_++) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::step() {
  switch (sqlite3_step(stmt_)) {
  case SQLITE_ROW:
    return true;
  case SQLITE_DONE:
    return false;
  default:
    return sqlite_failure(sqlite3_db_handle(stmt_), sqlite3_sql(stmt_));
  }
}

Result<> Statement::run() {
  while (TRY(step())) {
  }
  return {};
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(stmt_, column);
}

std::string Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(stmt_, column));
  return data ? std::string(data, std::size_t(sqlite3_column_bytes(stmt_, column))) : std::string();
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(stmt_, column) == SQLITE_NULL;
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Mode mode) {
  sqlite3* handle = nullptr;
  const int flags =
      SQLITE_OPEN_NOMUTEX |
      (mode == Mode::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  const int opened = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> db(new Database(handle));
  if (opened != SQLITE_OK) return sqlite_failure(handle, "open " + path);
  sqlite3_busy_timeout(handle, 5000);
  // 2 MiB of page cache a connection keeps the idle service small; the kernel caches the rest.
  TRY(db->execute("PRAGMA cache_size=-2048; PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY"));
  if (mode == Mode::write)
    TRY(db->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                    "PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=33554432"));
  else
    TRY(db->execute("PRAGMA query_only=ON"));
  return db;
}

Database::~Database() {
  for (const auto& [text, stmt] : prepared_)
    sqlite3_finalize(stmt);
  sqlite3_close(handle_);
}

Statement Database::prepare(std::string_view sql) {
  if (const auto it = prepared_.find(sql); it != prepared_.end()) {
    CHECK(!sqlite3_stmt_busy(it->second));  // one use at a time
    return Statement(it->second);
  }
  sqlite3_stmt* stmt = nullptr;
  if (sqlite3_prepare_v3(handle_, sql.data(), int(sql.size()), SQLITE_PREPARE_PERSISTENT, &stmt,
                         nullptr) != SQLITE_OK) {
    std::fprintf(stderr, "trainyard: %s in: %.*s\n", sqlite3_errmsg(handle_), int(sql.size()),
                 sql.data());
    check_failed("valid SQL", __FILE__, __LINE__);
  }
  prepared_.emplace(std::string(sql), stmt);
  return Statement(stmt);
}

Result<> Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return sqlite_failure(handle_, sql);
  return {};
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(handle_);
}

}  // namespace trainyard::store
