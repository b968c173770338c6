#include "base/encoding.hpp"
#include "origin/kinds.hpp"
#include "s3/client.hpp"
#include "s3/profile.hpp"
#include "wire/sign/dates.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <mutex>

// A bucket of another S3: [buckets.NAME] endpoint. Its requests are path-style, which AWS and all
// others take.

namespace trainyard::origin {
namespace {

constexpr Millis peer_timeout{30'000};

// One in a process: what its credential_process printed serves all that ask.
std::shared_ptr<s3::Profile> profile_of(const wire::OriginSpec& spec) {
  static std::mutex mutex;
  static std::map<std::pair<std::string, std::string>, std::shared_ptr<s3::Profile>> known;
  const std::lock_guard lock(mutex);
  auto& profile = known[{spec.Profile, spec.CredentialsFile}];
  if (!profile) profile = std::make_shared<s3::Profile>(spec.Profile, spec.CredentialsFile);
  return profile;
}

s3::SignRequest signer(const wire::OriginSpec& spec) {
  if (!spec.AccessKeyId.empty())
    return s3::sign_with([keys = wire::Credentials{spec.AccessKeyId, spec.SecretAccessKey,
                                                   ""}] { return Result<wire::Credentials>(keys); },
                         spec.Region);
  if (spec.Profile.empty())  // a bucket for everyone
    return [](wire::RequestHead&, std::string_view) { return Result<>(); };
  const auto profile = profile_of(spec);
  return s3::sign_with([profile] { return profile->credentials(); }, spec.Region);
}

// "host" or "host:port", as clients write the Host header.
std::string host_of(const std::string& endpoint) {
  return endpoint.substr(endpoint.find("://") + 3);
}

// The MD5 that an object of one PUT has for its ETag; keys of the key service make it no MD5.
std::optional<Digest> md5_of(const wire::Headers& headers, std::string_view etag) {
  constexpr std::size_t md5_digits = 32;
  if (!headers.get("x-amz-server-side-encryption-customer-algorithm").empty() ||
      headers.get("x-amz-server-side-encryption").starts_with("aws:kms"))
    return std::nullopt;
  while (etag.starts_with('"'))
    etag.remove_prefix(1);
  while (etag.ends_with('"'))
    etag.remove_suffix(1);
  if (etag.size() != md5_digits) return std::nullopt;
  const auto raw = unhex(etag);
  if (!raw) return std::nullopt;
  return Digest{std::nullopt, base64(*raw)};
}

std::optional<Digest> digest_of(const wire::Headers& headers, std::string_view etag) {
  using enum wire::ChecksumAlgorithm;
  for (const auto algorithm : {crc64nvme, crc32c, crc32, sha256, sha1}) {
    const auto value = headers.get(wire::header_name(algorithm));
    // "VALUE-3" is of three parts' checksums, not of the bytes.
    if (!value.empty() && value.find('-') == std::string_view::npos)
      return Digest{algorithm, std::string(value)};
  }
  return md5_of(headers, etag);
}

class Remote final : public Origin {
public:
  Remote(const wire::OriginSpec& spec, std::unique_ptr<s3::Exchange> http, const s3::Retry& retry)
      : spec_(spec), http_(std::move(http)),
        client_(*http_, host_of(spec.Endpoint), signer(spec), retry) {}

  Result<> list(const ListRequest& request, const Visit& visit) override;
  Result<Head> head(const std::string& key) override;
  Result<std::optional<Digest>> get(const Entry& object, Part part, int fd) override {
    const auto got = TRY(
        client_.get_part(at(object.key), object.etag, {part.offset, part.length, object.size}, fd));
    if (part.length != object.size) return std::optional<Digest>();
    return got.is_whole ? digest_of(got.headers, object.etag) : md5_of(got.headers, object.etag);
  }
  Result<std::optional<os::Fd>> open(const Entry&) override { return std::optional<os::Fd>(); }

private:
  s3::Location at(const std::string& key) const { return {spec_.Bucket, spec_.Prefix + key}; }
  // A key there as it is called here.
  std::string own(std::string key) const {
    return key.substr(std::min(spec_.Prefix.size(), key.size()));
  }

  wire::OriginSpec spec_;
  std::unique_ptr<s3::Exchange> http_;
  s3::Client client_;
};

// Entries of a page come as two lists, each in order.
Result<> Remote::list(const ListRequest& request, const Visit& visit) {
  s3::Client::ListRequest asked{at(request.prefix), request.delimiter,
                                request.after.empty() ? "" : spec_.Prefix + request.after, ""};
  std::string last;
  for (std::uint64_t count = 0;;) {
    s3::Page page = TRY(client_.list_page(asked));
    auto prefix = page.prefixes.begin();
    const auto pass_prefixes = [&](const std::string* before) -> Result<bool> {
      for (; prefix != page.prefixes.end() && (!before || *prefix < *before); ++prefix)
        if (!TRY(visit({own(*prefix), true, 0, "", {}}))) return false;
      return true;
    };
    for (auto& object : page.objects) {
      if (!TRY(pass_prefixes(&object.key))) return {};
      if (count++ > 0 && object.key <= last)
        return fail_internal("list " + at(request.prefix).uri() + ": its keys are in no order");
      last = object.key;
      Entry entry{own(std::move(object.key)), false, object.size, object.etag,
                  wire::parse_iso8601(object.modified).value_or(Time{})};
      if (!TRY(visit(std::move(entry)))) return {};
    }
    if (!TRY(pass_prefixes(nullptr))) return {};
    if (!page.next.empty() && page.next == asked.token)
      return fail_internal("list " + at(request.prefix).uri() + ": the list does not move on");
    if (page.next.empty()) return {};
    asked.token = std::move(page.next);
  }
}

Result<Head> Remote::head(const std::string& key) {
  const auto headers = TRY(client_.look(at(key)));
  Entry out{key, false, 0, std::string(headers.get("ETag")), {}};
  const auto length = headers.get("Content-Length");
  const auto [end, ec] = std::from_chars(length.data(), length.data() + length.size(), out.size);
  if (ec != std::errc() || length.empty())
    return fail_internal("look at " + at(key).uri() + ": the answer tells no length");
  out.modified = wire::parse_http_date(headers.get("Last-Modified")).value_or(Time{});
  return Head{out, digest_of(headers, out.etag)};
}

}  // namespace

Result<std::unique_ptr<Origin>> open_remote(const wire::OriginSpec& spec, const s3::Retry& retry) {
  auto endpoint = TRY(net::parse_endpoint(spec.Endpoint));
  endpoint.ca_bundle = spec.CaBundle;
  s3::Retry named = retry;
  named.peer = fmt::format("{} of [buckets.{}]", spec.Endpoint, spec.Name);
  return std::make_unique<Remote>(
      spec, s3::exchange_with(std::move(endpoint), peer_timeout, retry.stop_fd), named);
}

}  // namespace trainyard::origin
