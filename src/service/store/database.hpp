#pragma once
/// SQLite, sealed: the only place that includes sqlite3.h. A Database is one connection, a
/// Statement one prepared statement of it; neither is thread-safe, each has one owner.

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace trainyard::store {

/// A prepared statement, borrowed from its Database for one use: bind in order, then step through
/// rows.
///
///   auto q = db.prepare("SELECT name FROM bucket WHERE created_ms < ?");
///   q.bind(123);
///   while (TRY(q.step())) use(q.text(0));
///
/// Goes back, reset, when it is destroyed.
class Statement {
public:
  explicit Statement(sqlite3_stmt* stmt) : stmt_(stmt) {}
  Statement(Statement&& other) noexcept : stmt_(other.stmt_), next_(other.next_) {
    other.stmt_ = nullptr;
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  Statement& bind(std::int64_t value);
  Statement& bind(int value) { return bind(std::int64_t(value)); }
  Statement& bind(bool value) { return bind(std::int64_t(value)); }
  Statement& bind(Time value) { return bind(to_ms(value)); }
  /// The text is copied.
  Statement& bind(std::string_view value);
  Statement& bind(const char* value) { return bind(std::string_view(value)); }
  Statement& bind_null();
  template <class T> Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind_null();
  }
  template <class... T> Statement& bind_all(const T&... values) {
    (bind(values), ...);
    return *this;
  }

  /// True while there is a row. Errors name the statement.
  Result<bool> step();
  /// Runs a statement that yields no rows to its end.
  Result<> run();

  std::int64_t integer(int column) const;
  bool boolean(int column) const { return integer(column) != 0; }
  Time time(int column) const { return from_ms(integer(column)); }
  std::string text(int column) const;
  bool is_null(int column) const;

private:
  sqlite3_stmt* stmt_;
  int next_ = 1;
};

class Database {
public:
  enum class Mode { write, read_only };
  /// Opens (and in write mode makes) the file. WAL; in write mode synchronous=FULL: a commit that
  /// returned survives a power cut.
  static Result<std::unique_ptr<Database>> open(const std::string& path, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Prepared once per text and kept. The text must be valid SQL: a mistake aborts the program.
  Statement prepare(std::string_view sql);
  /// Runs statements without parameters or rows.
  Result<> execute(const std::string& sql);
  /// False once SQLite has rolled back by itself, as it may when the disk is full or fails.
  bool in_transaction() const;
  /// Rows changed by the last statement.
  std::int64_t changes() const;

private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  sqlite3* handle_;
  std::map<std::string, sqlite3_stmt*, std::less<>> prepared_;
};

/// What a read-only handler is given: one consistent view of the rows.
class Snapshot {
public:
  explicit Snapshot(Database& db) : db_(db) {}
  Statement prepare(std::string_view sql) { return db_.prepare(sql); }

protected:
  Database& db_;
};

/// What a writing handler is given: the shared transaction of the control thread. Everything a
/// Snapshot reads it reads too, its own writes included.
class Txn : public Snapshot {
public:
  Txn(Database& db, Time now) : Snapshot(db), now_(now) {}
  /// One time for everything in this transaction.
  Time now() const { return now_; }
  /// An event of this job was written: who waits for some is told once that is durable.
  void tells_of(std::string job) { told_.push_back(std::move(job)); }
  const std::vector<std::string>& told() const { return told_; }
  std::int64_t changes() const { return db_.changes(); }

private:
  Time now_;
  std::vector<std::string> told_;
};

}  // namespace trainyard::store
