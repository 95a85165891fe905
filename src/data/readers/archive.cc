#include "data/readers/archive.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "data/readers/expansion.h"
#include "data/readers/unpack.h"

namespace malmoi::data {
namespace {

class ArchiveReader : public Reader {
 public:
  ArchiveReader(Input input, const ReaderOptions& options, const OnSkip& on_skip)
      : input_(std::move(input)), options_(options), on_skip_(on_skip), archive_(make_archive(true)) {
    if (!input_.expansion) {
      input_.expansion = std::make_shared<Expansion>();
      is_outermost_ = true;
    }
  }

  Result<bool> next(RawDocument& out) override {
    Utf8Locale locale;
    if (!opened_) MALMOI_TRY(open());
    while (true) {
      if (entry_) {
        Result<bool> more = entry_->next(out);
        if (more.ok() && *more) return true;
        entry_.reset();
        if (stopped_) return *stopped_;
        if (!more.ok()) on_skip_({entry_id_, "read.damaged", more.error().to_string(), true});
      }
      MALMOI_ASSIGN(bool found, next_entry());
      if (!found) return false;
    }
  }

 private:
  // The bytes of the current entry; ends with the entry.
  class EntrySource : public ByteSource {
   public:
    explicit EntrySource(ArchiveReader& owner) : owner_(owner) {}
    Result<size_t> read(char* buffer, size_t size) override { return owner_.read_entry(buffer, size); }

   private:
    ArchiveReader& owner_;
  };

  static la_ssize_t on_read(archive* a, void* self_pointer, const void** buffer) {
    auto* self = static_cast<ArchiveReader*>(self_pointer);
    Result<size_t> n = self->input_.bytes->read(self->chunk_.data(), self->chunk_.size());
    if (!n.ok()) {
      archive_set_error(a, ARCHIVE_FATAL, "%s", n.error().to_string().c_str());
      return ARCHIVE_FATAL;
    }
    self->position_ += *n;
    if (*n > 0) self->last_read_ = *n;
    // What is read again, as entries that share their bytes are, does not count again.
    if (self->is_outermost_) self->input_.expansion->in = std::max(self->input_.expansion->in, self->position_);
    *buffer = self->chunk_.data();
    return static_cast<la_ssize_t>(*n);
  }

  static la_int64_t on_seek(archive* a, void* self_pointer, la_int64_t offset, int whence) {
    auto* self = static_cast<ArchiveReader*>(self_pointer);
    uint64_t base = whence == SEEK_CUR ? self->position_ : whence == SEEK_END ? *self->input_.bytes->size() : 0;
    la_int64_t target = static_cast<la_int64_t>(base) + offset;
    if (target < 0) return ARCHIVE_FATAL;
    if (Status moved = self->input_.bytes->seek(static_cast<uint64_t>(target)); !moved.ok()) {
      archive_set_error(a, ARCHIVE_FATAL, "%s", moved.error().to_string().c_str());
      return ARCHIVE_FATAL;
    }
    self->position_ = static_cast<uint64_t>(target);
    return target;
  }

  Status open() {
    opened_ = true;
    archive_read_set_callback_data(archive_.get(), this);
    archive_read_set_read_callback(archive_.get(), on_read);
    // With a directory at hand, a damaged entry of a zip does not hide those after it; 7z has nothing but a directory.
    if (input_.bytes->size()) archive_read_set_seek_callback(archive_.get(), on_seek);
    if (archive_read_open1(archive_.get()) != ARCHIVE_OK)
      return invalid_data("cannot be unpacked: " + archive_message(archive_.get()), input_.id,
                          "check that the file is whole");
    return {};
  }

  Result<size_t> read_entry(char* buffer, size_t size) {
    la_ssize_t n = archive_read_data(archive_.get(), buffer, size);
    if (n < 0)
      return invalid_data("damaged archive: " + archive_message(archive_.get()), entry_id_,
                          "check that the file is whole");
    input_.expansion->out += static_cast<uint64_t>(n);
    if (Status fits = input_.expansion->check(options_.limits, input_.id); !fits.ok()) {
      stopped_ = fits.error();
      return fits.error();
    }
    return static_cast<size_t>(n);
  }

  void damaged(std::string what) { on_skip_({input_.id, "read.damaged", std::move(what), true}); }

  // Whether something but padding stands behind the one content of a packed file: bzip2's ends there without a word.
  bool has_foreign_rest() const {
    if (archive_format(archive_.get()) != ARCHIVE_FORMAT_RAW) return false;
    constexpr int kFile = -1;  // libarchive's number of the outermost filter
    uint64_t unread = position_ - static_cast<uint64_t>(archive_filter_bytes(archive_.get(), kFile));
    std::string_view held(chunk_.data(), last_read_);
    return held.substr(held.size() - std::min<uint64_t>(unread, held.size())).find_first_not_of('\0') !=
           std::string_view::npos;
  }

  // What begins with a header is no tar before that header is whole: a tar cut at its first entry began with zeros.
  bool is_cut_tar() const {
    return (archive_format(archive_.get()) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR &&
           archive_message(archive_.get()).find("Truncated tar archive") != std::string::npos;
  }

  // Opens the next entry that can be read; false at the end.
  Result<bool> next_entry() {
    while (true) {
      archive_entry* entry = nullptr;
      int code = archive_read_next_header(archive_.get(), &entry);
      if (code == ARCHIVE_EOF) {  // a packed file of zeros counts as such a tar
        if (has_foreign_rest()) damaged("bytes behind what is packed were passed over");
        if (entries_ == 0) on_skip_({input_.id, "read.empty", "an archive without files", false});
        return false;
      }
      if (++entries_ > options_.limits.archive_entries)
        return invalid_data("holds more than " + std::to_string(options_.limits.archive_entries) + " entries",
                            input_.id, "raise limits.archive_entries");
      if (code == ARCHIVE_RETRY) {  // of a tar, a block where a header should stand; the next one is looked for
        if (!std::exchange(is_searching_, true)) damaged("damaged archive: " + archive_message(archive_.get()));
        continue;
      }
      is_searching_ = false;
      if (code == ARCHIVE_FATAL && entries_ == 1 && is_cut_tar()) {  // zeros that do not fill a last block
        on_skip_({input_.id, "read.empty", "an archive without files", false});
        return false;
      }
      if (code == ARCHIVE_FATAL)
        return invalid_data("damaged archive: " + archive_message(archive_.get()), input_.id,
                            "check that the file is whole");
      if (code == ARCHIVE_FAILED) {  // this entry alone
        damaged(archive_message(archive_.get()));
        continue;
      }
      bool raw = archive_format(archive_.get()) == ARCHIVE_FORMAT_RAW;
      if (raw && archive_filter_count(archive_.get()) <= 1)
        return invalid_data("begins like a packed file, and is none", input_.id, "check that the file is whole");
      if (!raw && archive_entry_filetype(entry) != AE_IFREG) continue;
      Input inner;
      inner.path = input_.path;
      inner.depth = input_.depth + 1;
      inner.expansion = input_.expansion;
      if (raw) {
        inner.id = input_.id;
        inner.name = unpacked_name(input_.name);
      } else {
        inner.name = entry_name(entry);
        // Some packers of Windows write its own separators.
        if (inner.name.find('/') == std::string::npos) std::ranges::replace(inner.name, '\\', '/');
        if (inner.name.empty()) inner.name = "entry-" + std::to_string(entries_);
        inner.id = input_.id + "/" + inner.name;
      }
      if (archive_entry_is_encrypted(entry)) {
        on_skip_({inner.id, "read.encrypted", "the entry needs a password", true});
        continue;
      }
      entry_id_ = inner.id;
      if (inner.depth > options_.limits.nesting)
        return invalid_data("archives nested deeper than " + std::to_string(options_.limits.nesting), inner.id,
                            "raise limits.nesting");
      inner.bytes = std::make_unique<EntrySource>(*this);
      Result<std::unique_ptr<Reader>> reader = open_reader(std::move(inner), options_, on_skip_);
      if (stopped_) return *stopped_;
      if (!reader.ok()) {
        on_skip_({entry_id_, reader.error().code == ErrorCode::kUnsupported ? "read.unsupported" : "read.damaged",
                  reader.error().to_string(), true});
        if (raw) return false;
        continue;
      }
      if (!*reader) continue;
      entry_ = *std::move(reader);
      return true;
    }
  }

  Input input_;
  ReaderOptions options_;
  OnSkip on_skip_;
  Archive archive_;
  std::vector<char> chunk_ = std::vector<char>(1 << 17);
  bool is_outermost_ = false;
  uint64_t position_ = 0;  // in the archive
  size_t last_read_ = 0;   // bytes of chunk_
  bool opened_ = false;
  bool is_searching_ = false;  // for a header, after damage that was told
  uint64_t entries_ = 0;
  std::unique_ptr<Reader> entry_;
  std::string entry_id_;
  std::optional<Error> stopped_;  // a limit was passed: the whole archive ends
};

}  // namespace

bool looks_packed(std::string_view head) {
  for (std::string_view magic :
       {std::string_view("\x28\xb5\x2f\xfd"),
        std::string_view("\xfd"
                         "7zXZ"),
        std::string_view("BZh"), std::string_view("PK\x03\x04"), std::string_view("PK\x05\x06"),
        std::string_view("7z\xbc\xaf\x27\x1c"), std::string_view("\x5d\0\0", 3)})
    if (head.starts_with(magic)) return true;
  return is_tar(head);
}

bool is_tar(std::string_view head) { return head.size() >= 262 && head.substr(257, 5) == "ustar"; }

std::string unpacked_name(std::string name) {
  for (std::string_view ending : {".gz", ".zst", ".xz", ".bz2", ".lzma", ".zstd"})
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  return name;
}

bool has_directory(std::string_view head) {
  return head.starts_with("PK\x03\x04") || head.starts_with("7z\xbc\xaf\x27\x1c");
}

std::unique_ptr<Reader> make_archive_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return std::make_unique<ArchiveReader>(std::move(input), options, on_skip);
}

}  // namespace malmoi::data
