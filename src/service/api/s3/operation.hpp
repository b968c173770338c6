#pragma once
/// What an S3 operation is, and what it is given. Operations are plain functions: a read of one
/// snapshot of the rows, or a change that is prepared on a pool thread (bodies are read there) and
/// written in the control thread's transaction.

#include "base/result.hpp"
#include "service/api/s3/s3.hpp"
#include "wire/query.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::api {

/// One request, decoded.
struct S3Call {
  std::shared_ptr<net::Exchange> exchange;
  S3Caller caller;
  std::string bucket;  ///< "" for the service itself
  std::string key;     ///< "" for the bucket itself; UTF-8, at most 1,024 bytes
  wire::Query query;

  const wire::RequestHead& head() const { return exchange->head(); }
  std::string_view header(std::string_view name) const { return head().headers.get(name); }
};

/// What came of a change's transaction.
struct Changed {
  wire::Response response;
  std::vector<std::string> freed;  ///< blobs that lost a row; "" entries are skipped
};

/// A change that is ready to be written.
struct Change {
  /// On the control thread, in its transaction.
  std::function<Result<Changed>(store::Txn&)> write;
  /// On the control thread, once that is lasting or has failed, before the answer. May be empty.
  std::function<void(const Result<>&)> finished;
};

/// An operation is picked by method, by what its path names, and by what tells it from others
/// there: a query parameter or a header; among those that fit, the first in the table.
struct S3Operation {
  enum class Scope { service, bucket, object };
  enum class Place { reads, bodies };  ///< the pool it runs on

  std::string_view name;
  std::string_view method;
  Scope scope;
  std::string_view query_marker;   ///< "" = any
  std::string_view header_marker;  ///< "" = any
  Result<wire::Response> (*read)(S3Context&, const S3Call&, store::Snapshot&) = nullptr;
  Result<Change> (*change)(S3Context&, const S3Call&) = nullptr;
  Place place = Place::reads;
  bool is_streamed = false;  ///< the body is read as it comes
};

/// The operation that a request names; an error (NotImplemented, MethodNotAllowed) for another.
Result<const S3Operation*> find_s3_operation(const wire::RequestHead& head,
                                             S3Operation::Scope scope, const wire::Query& query);

}  // namespace trainyard::api
