#include "agent/channels/gunzip_file.hpp"

namespace trainyard::agent {
namespace {

constexpr std::size_t input_bytes = 256u << 10;

}  // namespace

GunzipFile::GunzipFile(int fd, std::string name)
    : fd_(fd), name_(std::move(name)), input_(new char[input_bytes]), state_(new inflate_state) {
  isal_inflate_init(state_.get());
  state_->crc_flag = ISAL_GZIP;
}

Failure GunzipFile::broken(const char* why) const {
  return fail(ErrorKind::invalid, "ValidationException",
              "decompress " + name_ + ": " + why +
                  "; with CompressionType Gzip every object of the channel must be a gzip file");
}

// More input; false at the end of the file.
Result<bool> GunzipFile::fill() {
  const std::size_t n = TRY(os::read_some(fd_, {input_.get(), input_bytes}, name_));
  state_->next_in = reinterpret_cast<std::uint8_t*>(input_.get());
  state_->avail_in = std::uint32_t(n);
  return n > 0;
}

Result<std::size_t> GunzipFile::read(std::span<char> out) {
  const auto wanted = std::uint32_t(out.size());
  state_->next_out = reinterpret_cast<std::uint8_t*>(out.data());
  state_->avail_out = wanted;
  while (state_->avail_out == wanted) {
    if (state_->block_state == ISAL_BLOCK_FINISH) {
      if (state_->avail_in == 0 && !TRY(fill())) return std::size_t(0);
      isal_inflate_reset(state_.get());
      in_member_ = false;
    }
    // What is left of the last member's output comes without input.
    if (state_->avail_in == 0 && !TRY(fill()) && !in_member_)
      return any_member_ ? Result<std::size_t>(0) : broken("it is empty");
    const std::uint32_t left = state_->avail_out;
    const std::uint32_t unread = state_->avail_in;
    in_member_ = true;
    if (isal_inflate(state_.get()) != ISAL_DECOMP_OK)
      return broken(any_member_ ? "its data is damaged" : "it is no gzip file, or is damaged");
    any_member_ = true;
    const bool stands_still = state_->avail_out == left && unread == 0;
    if (stands_still && state_->block_state != ISAL_BLOCK_FINISH)
      return broken("it ends in the middle");
  }
  return std::size_t(wanted - state_->avail_out);
}

}  // namespace trainyard::agent
