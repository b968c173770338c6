#pragma once
/// For tests only: a bucket store in memory behind Exchange. It answers as S3 does to the
/// requests that Client makes, keeps what it was sent, and fails where a test says so.

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "s3/client.hpp"
#include "s3/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::s3 {

class FakeS3 final : public Exchange {
public:
  struct Object {
    std::string bytes, etag;
  };
  enum class Fault {
    away,         ///< nobody listens: nothing done
    answer_lost,  ///< done, but the connection breaks before the answer
    busy,         ///< 503, nothing done
    cut,          ///< a download breaks off after half of its body
    cut_at_end,   ///< it breaks off after all of its body
  };

  std::map<std::string, Object> objects;             ///< by "/bucket/key"
  std::vector<std::string> requests;                 ///< "PUT /b/k?partNumber=1&uploadId=u1"
  std::map<std::string, std::vector<Fault>> faults;  ///< by the beginning of a request, in order
  std::map<std::string, std::map<int, Object>> uploads;  ///< open ones, by id
  std::size_t page_max = 1000;
  bool ranges_wrong = false;  ///< a part is answered as if it were the whole
  wire::RequestHead last;

  Result<wire::Response> send(const wire::RequestHead& head, std::string_view body) override {
    note(head);
    const auto fault = take_fault();
    if (fault == Fault::away) return fail(ErrorKind::unavailable, "Refused", "nobody listens");
    if (fault == Fault::busy) return error(503, "SlowDown");
    auto done = answer(head, body);
    if (fault == Fault::answer_lost)
      return fail(ErrorKind::unavailable, "Broken", "the connection broke");
    return done;
  }

  Result<wire::Response> download(const wire::RequestHead& head,
                                  const net::BodySink& sink) override {
    note(head);
    const auto fault = take_fault();
    if (fault == Fault::away) return fail(ErrorKind::unavailable, "Refused", "nobody listens");
    const auto found = objects.find(percent_decode(head.path).value());
    if (found == objects.end()) return error(404, "NoSuchKey");
    const auto wanted = head.headers.find("If-Match");
    if (wanted && *wanted != found->second.etag) return error(412, "PreconditionFailed");
    std::string_view bytes = found->second.bytes;
    wire::Response out;
    if (const auto range = head.headers.find("Range"); range && range->starts_with("bytes=")) {
      const std::size_t first = std::stoul(std::string(range->substr(6)));
      const std::size_t final = std::stoul(std::string(range->substr(range->find('-') + 1)));
      out.status = ranges_wrong ? 200 : 206;
      out.headers.add("Content-Range", fmt::format("bytes {}-{}/{}", first, final, bytes.size()));
      bytes = bytes.substr(first, final + 1 - first);
    }
    const std::size_t end = fault == Fault::cut ? bytes.size() / 2 : bytes.size();
    for (std::size_t at = 0; at < end; at += 100'000)
      if (!sink(std::span(bytes).subspan(at, std::min<std::size_t>(100'000, end - at))))
        return fail(ErrorKind::unavailable, "Broken", "as HTTP clients report a sink's error");
    if (fault == Fault::cut || fault == Fault::cut_at_end)
      return fail(ErrorKind::unavailable, "Broken", "the connection broke");
    return out;
  }

  void add(const std::string& at, std::string_view bytes) {
    objects[at] = {std::string(bytes), md5_of(bytes)};
  }
  static std::string md5_of(std::string_view bytes) {
    Md5 md5;
    md5.update(bytes);
    return '"' + hex(md5.finish()) + '"';
  }
  /// How many requests so far begin so.
  std::size_t count(std::string_view beginning) const {
    return std::count_if(requests.begin(), requests.end(),
                         [&](const std::string& r) { return r.starts_with(beginning); });
  }
  /// A client of this store. Its pauses take no time: they move `clock`.
  Client client(ManualClock& clock, RetryPolicy policy = {}, const std::string& peer = "") {
    Retry retry{policy,
                [&clock](Millis length) {
                  clock.advance(length);
                  return true;
                },
                &clock};
    if (!peer.empty()) retry.peer = peer;
    return Client(
        *this, "s3.test:80",
        [](wire::RequestHead& head, std::string_view payload_sha256) {
          head.headers.add("Authorization", "signed " + std::string(payload_sha256));
          return Result<>();
        },
        retry);
  }

private:
  void note(const wire::RequestHead& head) {
    last = head;
    requests.push_back(head.method + " " + head.target);
  }

  std::optional<Fault> take_fault() {
    for (auto& [beginning, left] : faults)
      if (requests.back().starts_with(beginning) && !left.empty()) {
        const Fault fault = left.front();
        left.erase(left.begin());
        return fault;
      }
    return std::nullopt;
  }

  static wire::Response error(int status, std::string_view code) {
    return {
        status, {}, fmt::format("<Error><Code>{}</Code><Message>m</Message></Error>", code), {}};
  }
  static wire::Response text(std::string body) { return {200, {}, std::move(body), {}}; }
  static wire::Response with_etag(const std::string& etag) {
    return {200, {{"ETag", etag}}, "", {}};
  }

  static std::string parameter(const std::string& query, const std::string& name) {
    const std::string text = "&" + query;
    const std::size_t at = text.find("&" + name + "=");
    if (at == text.npos) return "";
    const std::size_t begin = at + name.size() + 2;
    return percent_decode(text.substr(begin, text.find('&', begin) - begin)).value();
  }

  wire::Response answer(const wire::RequestHead& head, std::string_view body) {
    const std::string at = percent_decode(head.path).value();
    if (head.method == "PUT") return put(at, head.query, body);
    if (head.method == "POST") return post(at, head.query, body);
    if (head.method == "GET") return list(at, head.query);
    if (head.method == "DELETE") {
      uploads.erase(parameter(head.query, "uploadId"));
      return {204, {}, "", {}};
    }
    const auto found = objects.find(at);
    return found == objects.end() ? wire::Response{404, {}, "", {}} : with_etag(found->second.etag);
  }

  wire::Response put(const std::string& at, const std::string& query, std::string_view body) {
    const Object object{std::string(body), md5_of(body)};
    if (query.empty()) {
      objects[at] = object;
    } else {
      const auto upload = uploads.find(parameter(query, "uploadId"));
      if (upload == uploads.end()) return error(404, "NoSuchUpload");
      upload->second[std::stoi(parameter(query, "partNumber"))] = object;
    }
    return with_etag(object.etag);
  }

  wire::Response post(const std::string& at, const std::string& query, std::string_view body) {
    if (query == "uploads=") {
      const std::string id = fmt::format("u/{}", next_upload_++);
      uploads[id];
      return text(fmt::format("<InitiateMultipartUploadResult><UploadId>{}</UploadId>"
                              "</InitiateMultipartUploadResult>",
                              id));
    }
    const auto upload = uploads.find(parameter(query, "uploadId"));
    if (upload == uploads.end()) return error(404, "NoSuchUpload");
    Object whole;
    std::vector<std::string> etags;
    std::string wanted;
    for (const auto& [number, part] : upload->second) {
      whole.bytes += part.bytes;
      etags.push_back(part.etag);
      wanted +=
          fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number, part.etag);
    }
    std::string given(body);
    for (std::size_t q; (q = given.find("&quot;")) != given.npos;)
      given.replace(q, 6, "\"");
    if (given != "<CompleteMultipartUpload>" + wanted + "</CompleteMultipartUpload>")
      return error(400, "InvalidPart");
    whole.etag = multipart_etag_of(etags);
    objects[at] = whole;
    uploads.erase(upload);
    return text(fmt::format("<CompleteMultipartUploadResult><ETag>{}</ETag>"
                            "</CompleteMultipartUploadResult>",
                            whole.etag));
  }

  static std::string multipart_etag_of(const std::vector<std::string>& etags) {
    Md5 md5;
    for (const auto& etag : etags)
      md5.update(unhex(etag.substr(1, 32)).value());
    return fmt::format("\"{}-{}\"", hex(md5.finish()), etags.size());
  }

  wire::Response list(const std::string& bucket, const std::string& query) const {
    const std::string prefix = bucket + "/" + parameter(query, "prefix");
    const std::string after = parameter(query, "continuation-token");
    std::string body = "<ListBucketResult><EncodingType>url</EncodingType>";
    std::size_t found = 0;
    std::string previous;
    for (const auto& [at, object] : objects) {
      if (!at.starts_with(prefix) || at <= after) continue;
      if (found++ == page_max) {
        body += "<IsTruncated>true</IsTruncated><NextContinuationToken>" + previous +
                "</NextContinuationToken>";
        break;
      }
      body += fmt::format("<Contents><Key>{}</Key><Size>{}</Size><ETag>{}</ETag></Contents>",
                          percent_encode(at.substr(bucket.size() + 1), true), object.bytes.size(),
                          object.etag);
      previous = at;
    }
    return text(body + "</ListBucketResult>");
  }

  int next_upload_ = 1;
};

}  // namespace trainyard::s3
