#pragma once
/// The files of multipart uploads: where parts go as they come, so that Complete need not move
/// them.
///
///   <blobs>/uploads/<id>.<P>          slots of P bytes: part n, of P bytes or fewer, at (n-1)P
///   <blobs>/uploads/<id>.p<n>-<hex>   a part in a file of its own
///
/// P is what the object's parts are assumed to be long: the length of part 1, or the first length
/// that came twice. A part that comes before P is known goes where it would be if its own length
/// were P; one that came before under the same number, is longer than P or could meet a Complete at
/// work goes into a file of its own. Complete then finds equal parts in order in one file, and
/// gives that file its name as a blob; parts elsewhere are copied in first.
///
/// A part's row says where its bytes are. Slots are never written twice, so a part whose row is
/// committed stays whole whatever clients send next.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "service/objects/blobs.hpp"
#include "service/store/control.hpp"
#include "service/store/uploads.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace trainyard::objects {

/// Thread-safe.
class Uploads {
public:
  Uploads(Blobs& blobs, store::Readers& readers) : blobs_(blobs), readers_(readers) {}

  struct State;  // of one upload

  /// Where a part is written. Given free when it goes, unless the part's row was committed.
  class Place {
  public:
    Place(Uploads& uploads, std::shared_ptr<State> state, std::int64_t n);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    int fd() const { return fd_.get(); }
    const std::string& file() const { return file_; }
    os::Path path() const;
    std::uint64_t at() const { return at_; }
    /// The part's row, which took the place of `before`, is committed.
    void committed(const std::optional<store::PartRow>& before);
    /// The upload was gone when the row was to be written: its files go too.
    void upload_gone() { is_gone_ = true; }

  private:
    friend class Uploads;
    Uploads& uploads_;
    std::shared_ptr<State> state_;
    std::int64_t n_;
    os::Fd fd_;
    std::string file_;
    std::uint64_t at_ = 0, slot_size_ = 0;
    bool is_slot_ = false, is_committed_ = false, is_gone_ = false;
  };

  /// A place for part `n` of `size` bytes of an upload that has a row. Its file's name is lasting.
  Result<std::shared_ptr<Place>> place(const std::string& id, std::int64_t n, std::uint64_t size);

  /// Held from before the parts' rows are read until after Complete's commit: parts that begin
  /// meanwhile keep out of the slots.
  class Completion {
  public:
    explicit Completion(std::shared_ptr<State> state) : state_(std::move(state)) {}
    ~Completion();
    Completion(const Completion&) = delete;
    Completion& operator=(const Completion&) = delete;

  private:
    friend class Uploads;
    std::shared_ptr<State> state_;
  };
  /// OperationAborted if the upload is being completed already.
  Result<std::shared_ptr<Completion>> begin_completion(const std::string& id);

  /// An upload's content as one synced file.
  struct Assembled {
    os::Path path;
    std::uint64_t size = 0;
    std::optional<TempFile> copy;  ///< set when it is a new file
  };
  /// Puts the `listed` parts behind each other. `rows` are all of the upload, read under the
  /// completion. What rows say stays true: should the caller's commit fail, nothing is lost.
  /// Blocks: copies what is not in its place yet.
  Result<Assembled> assemble(const Completion& completion, const std::vector<store::PartRow>& rows,
                             const std::vector<store::PartRow>& listed);

  /// Removes the files of an upload whose rows are gone; `files` are those that its rows named.
  void remove(const std::string& id, const std::vector<std::string>& files);
  /// After a start, before requests: removes the files that no part's row names.
  Result<> remove_unreferenced();

private:
  std::shared_ptr<State> state_of(const std::string& id);
  Result<> load(State& state);
  Result<> take_slot(State& state, Place& place, std::uint64_t slot_size);
  Result<> take_own_file(State& state, Place& place);
  void free(Place& place);
  os::Path path_of(const std::string& file) const { return blobs_.uploads() / file; }

  Blobs& blobs_;
  store::Readers& readers_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<State>> states_;
};

}  // namespace trainyard::objects
