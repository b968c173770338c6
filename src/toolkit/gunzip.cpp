#include "toolkit/gunzip.hpp"

namespace trainyard::toolkit {
namespace {

constexpr std::size_t input_bytes = 256 << 10;
constexpr Bytef gzip_first_byte = 0x1f;
constexpr int gzip_only = 15 + 16;  // zlib's windowBits: the largest window, a gzip header

}  // namespace

Gunzip::Gunzip(os::Fd file, std::string what)
    : file_(std::move(file)), what_(std::move(what)), input_(new char[input_bytes]),
      stream_(new z_stream{}) {}

Result<Gunzip> Gunzip::open(os::Fd file, std::string what) {
  Gunzip out(std::move(file), std::move(what));
  if (::inflateInit2(out.stream_.get(), gzip_only) != Z_OK)
    return out.broken("there is no memory for it");
  return out;
}

Failure Gunzip::broken(std::string_view why) const {
  return fail(ErrorKind::invalid, std::string(broken_archive),
              "unpack " + what_ + ": " + std::string(why) +
                  "; it must be a .tar.gz as `tar czf` makes it");
}

// More input, false at the end of the file.
Result<bool> Gunzip::fill() {
  const std::size_t n = TRY(os::read_some(file_.get(), {input_.get(), input_bytes}, what_));
  stream_->next_in = reinterpret_cast<Bytef*>(input_.get());
  stream_->avail_in = uInt(n);
  return n > 0;
}

Result<std::size_t> Gunzip::read(std::span<char> out) {
  stream_->next_out = reinterpret_cast<Bytef*>(out.data());
  stream_->avail_out = uInt(std::min<std::size_t>(out.size(), 1u << 30));
  const uInt wanted = stream_->avail_out;
  while (stream_->avail_out == wanted) {
    if (stream_->avail_in == 0 && !TRY(fill())) {
      if (in_member_) return broken("it ends in the middle");
      if (!seen_member_) return broken("it is empty");
      return std::size_t(0);
    }
    // What is no gzip behind the last member is padding, as for gzip itself.
    if (!in_member_ && seen_member_ && *stream_->next_in != gzip_first_byte) return std::size_t(0);
    in_member_ = true;
    const int code = ::inflate(stream_.get(), Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      in_member_ = false;
      seen_member_ = true;
      ::inflateReset(stream_.get());
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return broken(seen_member_ || stream_->total_out > 0 ? "its data is damaged"
                                                           : "it is not a gzip file");
    }
  }
  return std::size_t(wanted - stream_->avail_out);
}

Result<> Gunzip::read_all(std::span<char> out) {
  while (!out.empty()) {
    const std::size_t n = TRY(read(out));
    if (n == 0) return broken("the archive in it ends in the middle");
    out = out.subspan(n);
  }
  return {};
}

}  // namespace trainyard::toolkit
