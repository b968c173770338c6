#pragma once
/// One open file as one object.

#include "agent/outputs/notes.hpp"
#include "agent/outputs/tree.hpp"
#include "s3/upload.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace trainyard::agent {

/// How often an upload is begun anew when the service has dropped what it had of it.
inline constexpr int upload_tries_max = 3;

/// Whether an upload failed because the service has dropped it: begun anew, it may succeed.
bool upload_was_dropped(const Error& error);

/// Opens a visited entry that is to become the object `key`. What cannot be one is noted: all but
/// regular files, what may not be read, and names that are no keys (over 1024 bytes, no UTF-8).
std::optional<OpenedFile> open_for_upload(const TreeEntry& entry, std::string_view key,
                                          Notes& notes);

/// Whether an upload failed because its file broke while it was read, not because of the service.
bool file_was_unreadable(const Error& error);

/// Puts the first `size` bytes of the file, fewer if it has shrunk. Returns the ETag, with quotes.
/// The file's offset is left alone.
Result<std::string> upload_file(s3::Client& client, int fd, std::uint64_t size,
                                const s3::Location& to);

/// Whether an object of that size and ETag (with quotes) holds just these bytes. Tells by MD5,
/// for objects of one PUT and for multipart ones in parts as s3::Upload makes them. False where it
/// cannot be told.
Result<bool> is_same_content(int fd, std::uint64_t size, std::string_view etag);

}  // namespace trainyard::agent
