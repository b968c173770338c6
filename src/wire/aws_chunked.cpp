#include "wire/aws_chunked.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace trainyard::wire {
namespace {

constexpr std::size_t chunk_header_bytes_max = 128;
constexpr std::size_t trailer_bytes_max = 4096;
constexpr std::size_t trailers_max = 16;
constexpr std::string_view signature_mark = ";chunk-signature=";
constexpr std::string_view trailer_signature_name = "x-amz-trailer-signature";

Failure malformed(std::string_view why) {
  return fail(ErrorKind::invalid, "InvalidRequest",
              "The aws-chunked body is malformed: " + std::string(why));
}

Failure wrong_signature(std::string_view of_what) {
  return fail(ErrorKind::denied, auth_code::mismatch,
              "The signature of the body's " + std::string(of_what) +
                  " does not match: it was changed on its way, or signed with another key.");
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

// The members of a comma-separated list, trimmed, empty ones left out.
std::vector<std::string_view> list_members(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (const auto member = trimmed(text.substr(at, end - at)); !member.empty())
      out.push_back(member);
    at = end + 1;
  }
  return out;
}

// A whole number without sign or blanks, in that base.
std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace

Result<AwsChunkedDecoder> AwsChunkedDecoder::start(const RequestHead& head,
                                                   const Signature& signature,
                                                   std::string_view secret) {
  using Payload = Signature::Payload;
  CHECK(signature.is_chunked());
  AwsChunkedDecoder out;
  const auto length = number(head.headers.get("x-amz-decoded-content-length"), 10);
  if (!length)
    return fail(ErrorKind::invalid, "MissingContentLength",
                "An aws-chunked body needs its payload's length in X-Amz-Decoded-Content-Length.");
  out.decoded_length_ = *length;
  out.has_trailer_ = signature.payload != Payload::signed_chunks;
  if (signature.payload != Payload::unsigned_trailer) out.key_ = chunk_key(signature, secret);
  for (const std::string_view name : list_members(head.headers.get("x-amz-trailer")))
    out.announced_.push_back(lower_case(name));
  if (out.announced_.size() > trailers_max ||
      !std::all_of(out.announced_.begin(), out.announced_.end(), is_token) ||
      (!out.has_trailer_ && !out.announced_.empty()))
    return fail(ErrorKind::invalid, "InvalidArgument",
                "X-Amz-Trailer must name at most 16 header fields, and none unless "
                "x-amz-content-sha256 ends in -TRAILER.");
  return out;
}

Result<std::size_t> AwsChunkedDecoder::decode(std::span<char> bytes) {
  if (state_ == State::broken) return malformed("it was refused already.");
  auto payload = decode_pieces(bytes);
  if (!payload) state_ = State::broken;
  return payload;
}

Result<std::size_t> AwsChunkedDecoder::decode_pieces(std::span<char> bytes) {
  std::size_t in = 0, out = 0;
  while (in < bytes.size()) {
    if (state_ != State::data) {
      TRY(take_character(bytes[in++]));
      continue;
    }
    const auto n = std::size_t(std::min<std::uint64_t>(chunk_left_, bytes.size() - in));
    if (key_) chunk_hash_.update(std::string_view(bytes.data() + in, n));
    if (in != out) std::memmove(bytes.data() + out, bytes.data() + in, n);
    in += n;
    out += n;
    chunk_left_ -= n;
    if (chunk_left_ == 0) TRY(end_chunk());
  }
  return out;
}

Result<> AwsChunkedDecoder::take_character(char c) {
  if (state_ == State::complete) return malformed("there are bytes behind its end.");
  if (c == '\n' && line_.ends_with('\r')) {
    line_.pop_back();
    return end_line();
  }
  // AWS's own example of a signed trailer ends the value with "\n" before "\r\n".
  const bool may_hold_newline = state_ == State::trailer && !line_.empty();
  if ((c == '\n' && !may_hold_newline) || line_.ends_with('\r'))
    return malformed("a line must end with CR LF.");
  const std::size_t max = state_ == State::trailer ? trailer_bytes_max : chunk_header_bytes_max;
  if (line_.size() == max) return malformed("a line is longer than it may be.");
  line_ += c;
  return {};
}

Result<> AwsChunkedDecoder::end_line() {
  switch (state_) {
  case State::chunk_header:
    TRY(begin_chunk());
    break;
  case State::data_end:
    if (!line_.empty()) return malformed("a chunk is longer than its header says.");
    state_ = State::chunk_header;
    break;
  case State::trailer:
    TRY(line_.empty() ? complete() : take_trailer());
    break;
  case State::last_line:
    if (!line_.empty()) return malformed("the last chunk is not followed by an empty line.");
    TRY(complete());
    break;
  default:
    CHECK(false);
  }
  line_.clear();
  return {};
}

// "SIZE" or "SIZE;chunk-signature=HEX"
Result<> AwsChunkedDecoder::begin_chunk() {
  const std::string_view line = line_;
  const std::string_view size_text = line.substr(0, line.find(';'));
  const auto size = number(size_text, 16);
  if (!size) return malformed("a chunk's size is not a hexadecimal number.");
  const std::string_view rest = line.substr(size_text.size());
  if (key_ && (!rest.starts_with(signature_mark) || rest.size() != signature_mark.size() + 64))
    return malformed("a chunk's header must be SIZE;chunk-signature= and 64 digits.");
  if (!key_ && !rest.empty()) return malformed("a chunk's header must be its size alone.");
  if (*size > decoded_length_ - decoded_)
    return malformed("its chunks hold more than X-Amz-Decoded-Content-Length.");
  decoded_ += *size;
  chunk_left_ = *size;
  if (key_) chunk_signature_ = rest.substr(signature_mark.size());
  chunk_hash_ = Sha256();
  if (*size == 0) return end_chunk();
  state_ = State::data;
  return {};
}

Result<> AwsChunkedDecoder::end_chunk() {
  // The last chunk is the empty one: no chunk before it is.
  const bool is_last = state_ == State::chunk_header;
  if (key_) {
    static const std::string empty_hash = sha256_hex("");
    std::string text(sigv4_algorithm);
    ((text += "-PAYLOAD\n") += key_->timestamp) += '\n';
    ((text += key_->scope) += '\n') += key_->previous;
    ((text += '\n') += empty_hash) += '\n';
    text += hex(chunk_hash_.finish());
    if (!equal_in_constant_time(sign_text(key_->key, text), chunk_signature_))
      return wrong_signature("chunk that ends at byte " + std::to_string(decoded_));
    key_->previous = chunk_signature_;
  }
  state_ = !is_last ? State::data_end : has_trailer_ ? State::trailer : State::last_line;
  return {};
}

Result<> AwsChunkedDecoder::take_trailer() {
  if (is_trailer_signed_) return malformed("a field follows the trailer's signature.");
  std::string_view line = line_;
  if (line.ends_with('\n')) line.remove_suffix(1);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || line.find('\n') != std::string_view::npos)
    return malformed("a trailing field must be NAME:VALUE.");
  const std::string name = lower_case(line.substr(0, colon));
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (key_ && name == trailer_signature_name) return check_trailer_signature(value);
  if (std::find(announced_.begin(), announced_.end(), name) == announced_.end() ||
      trailers_.find(name))
    return fail(ErrorKind::invalid, "MalformedTrailerError",
                "The request contained trailing data that was not well-formed or did not conform "
                "to our published schema: X-Amz-Trailer must announce each trailing field, and it "
                "must come once.");
  trailers_.add(name, std::string(value));
  return {};
}

Result<> AwsChunkedDecoder::check_trailer_signature(std::string_view given) {
  std::string fields;
  for (const auto& [name, value] : trailers_)
    (((fields += name) += ':') += value) += '\n';
  std::string text(sigv4_algorithm);
  ((text += "-TRAILER\n") += key_->timestamp) += '\n';
  ((text += key_->scope) += '\n') += key_->previous;
  (text += '\n') += sha256_hex(fields);
  if (!equal_in_constant_time(sign_text(key_->key, text), given)) return wrong_signature("trailer");
  is_trailer_signed_ = true;
  return {};
}

Result<> AwsChunkedDecoder::complete() {
  if (decoded_ != decoded_length_)
    return fail(ErrorKind::invalid, "IncompleteBody",
                "The body holds " + std::to_string(decoded_) + " bytes, its header " +
                    "X-Amz-Decoded-Content-Length says " + std::to_string(decoded_length_) + ".");
  if (trailers_.size() != announced_.size())
    return fail(ErrorKind::invalid, "MalformedTrailerError",
                "The request contained trailing data that was not well-formed or did not conform "
                "to our published schema: a field that X-Amz-Trailer announced did not come.");
  if (key_ && has_trailer_ && !is_trailer_signed_)
    return fail(ErrorKind::denied, auth_code::mismatch,
                "The body's trailer must be signed: x-amz-trailer-signature is missing.");
  state_ = State::complete;
  return {};
}

Result<> AwsChunkedDecoder::finish() const {
  if (state_ == State::complete) return {};
  return fail(ErrorKind::invalid, "IncompleteBody",
              "You did not provide the number of bytes specified by the "
              "X-Amz-Decoded-Content-Length header: the body broke off.");
}

std::string without_aws_chunked(std::string_view content_encoding) {
  std::string out;
  for (const std::string_view member : list_members(content_encoding)) {
    if (equal_ignoring_case(member, "aws-chunked")) continue;
    if (!out.empty()) out += ", ";
    out += member;
  }
  return out;
}

}  // namespace trainyard::wire
