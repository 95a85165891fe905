#include "data/readers/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

#include "data/readers/expansion.h"

namespace malmoi::data {
namespace {

struct ArchiveFree {
  void operator()(archive* a) const { archive_read_free(a); }
};
using Archive = std::unique_ptr<archive, ArchiveFree>;

// Filters and formats named one by one: "all" would start other programs for some.
Archive make_archive(bool raw) {
  Archive a(archive_read_new());
  archive_read_support_filter_bzip2(a.get());
  archive_read_support_filter_xz(a.get());
  archive_read_support_filter_lzma(a.get());
  archive_read_support_filter_zstd(a.get());
  archive_read_support_format_tar(a.get());
  archive_read_support_format_zip(a.get());
  archive_read_support_format_7zip(a.get());
  if (raw) archive_read_support_format_raw(a.get());
  return a;
}

std::string archive_message(archive* a) {
  const char* text = archive_error_string(a);
  return text ? text : "damaged";
}

class ArchiveReader : public Reader {
 public:
  ArchiveReader(Input input, const ReaderOptions& options, const OnSkip& on_skip)
      : input_(std::move(input)), options_(options), on_skip_(on_skip), archive_(make_archive(true)) {}

  Result<bool> next(RawDocument& out) override {
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
    self->meter_.in += *n;
    *buffer = self->chunk_.data();
    return static_cast<la_ssize_t>(*n);
  }

  Status open() {
    opened_ = true;
    if (archive_read_open(archive_.get(), this, nullptr, on_read, nullptr) != ARCHIVE_OK)
      return invalid_data("cannot be unpacked: " + archive_message(archive_.get()), input_.id,
                          "check that the file is whole");
    return {};
  }

  Result<size_t> read_entry(char* buffer, size_t size) {
    la_ssize_t n = archive_read_data(archive_.get(), buffer, size);
    if (n < 0)
      return invalid_data("damaged archive: " + archive_message(archive_.get()), entry_id_,
                          "check that the file is whole");
    meter_.out += static_cast<uint64_t>(n);
    if (Status fits = meter_.check(options_.limits, input_.id); !fits.ok()) {
      stopped_ = fits.error();
      return fits.error();
    }
    return static_cast<size_t>(n);
  }

  // Opens the next entry that can be read; false at the end.
  Result<bool> next_entry() {
    while (true) {
      archive_entry* entry = nullptr;
      int code = archive_read_next_header(archive_.get(), &entry);
      if (code == ARCHIVE_EOF) return false;
      if (code == ARCHIVE_RETRY) continue;
      if (code < ARCHIVE_WARN)
        return invalid_data("damaged archive: " + archive_message(archive_.get()), input_.id,
                            "check that the file is whole");
      if (++entries_ > options_.limits.archive_entries)
        return invalid_data("holds more than " + std::to_string(options_.limits.archive_entries) + " entries",
                            input_.id, "raise limits.archive_entries");
      bool raw = archive_format(archive_.get()) == ARCHIVE_FORMAT_RAW;
      if (raw && archive_filter_count(archive_.get()) <= 1)
        return invalid_data("begins like a packed file, and is none", input_.id, "check that the file is whole");
      if (!raw && archive_entry_filetype(entry) != AE_IFREG) continue;
      Input inner;
      inner.path = input_.path;
      inner.depth = input_.depth + 1;
      if (raw) {
        inner.id = input_.id;
        inner.name = unpacked_name(input_.name);
      } else {
        const char* name = archive_entry_pathname_utf8(entry);
        if (!name) name = archive_entry_pathname(entry);
        inner.name = name ? name : "entry-" + std::to_string(entries_);
        inner.id = input_.id + "/" + inner.name;
        if (inner.name.starts_with("__MACOSX/")) continue;
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
  Expansion meter_;
  bool opened_ = false;
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

std::unique_ptr<Reader> make_archive_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return std::make_unique<ArchiveReader>(std::move(input), options, on_skip);
}

Status visit_zip(std::string_view bytes, const ReaderLimits& limits, const std::string& where,
                 const std::function<bool(std::string_view name)>& wanted,
                 const std::function<bool(const std::string& name, std::string content)>& visit) {
  Archive a(archive_read_new());
  archive_read_support_format_zip_seekable(a.get());
  if (archive_read_open_memory(a.get(), bytes.data(), bytes.size()) != ARCHIVE_OK)
    return invalid_data("is not a whole zip: " + archive_message(a.get()), where, "check that the file is whole");
  Expansion meter{bytes.size(), 0};
  uint64_t entries = 0;
  while (true) {
    archive_entry* entry = nullptr;
    int code = archive_read_next_header(a.get(), &entry);
    if (code == ARCHIVE_EOF) return {};
    if (code < ARCHIVE_WARN)
      return invalid_data("damaged zip: " + archive_message(a.get()), where, "check that the file is whole");
    if (++entries > limits.archive_entries) return invalid_data("holds too many entries", where);
    const char* raw_name = archive_entry_pathname(entry);
    std::string name = raw_name ? raw_name : "";
    if (!wanted(name)) continue;
    if (archive_entry_is_encrypted(entry)) return invalid_data("needs a password", where, "save it without one");
    std::string content;
    char buffer[1 << 15];
    while (true) {
      la_ssize_t n = archive_read_data(a.get(), buffer, sizeof buffer);
      if (n < 0)
        return invalid_data("damaged zip entry " + name + ": " + archive_message(a.get()), where,
                            "check that the file is whole");
      if (n == 0) break;
      content.append(buffer, static_cast<size_t>(n));
      meter.out += static_cast<uint64_t>(n);
      if (content.size() > limits.document_bytes)
        return invalid_data("entry " + name + " is larger than " + std::to_string(limits.document_bytes) + " bytes",
                            where, "raise limits.document_bytes");
      MALMOI_TRY(meter.check(limits, where));
    }
    if (!visit(name, std::move(content))) return {};
  }
}

}  // namespace malmoi::data
