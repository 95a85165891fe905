// Sources of bytes: files, memory.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/open_file.h"
#include "base/utf8.h"
#include "data/readers/reader.h"
#include "formats/zstd_stream.h"

namespace malmoi::data {
namespace {

class FileSource : public ByteSource {
 public:
  FileSource(int fd, std::string path, uint64_t left) : fd_(fd), path_(std::move(path)), left_(left) {}
  ~FileSource() override { ::close(fd_); }

  Result<size_t> read(char* buffer, size_t size) override {
    size = static_cast<size_t>(std::min<uint64_t>(size, left_));
    while (size > 0) {
      ssize_t n = ::read(fd_, buffer, size);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return io_error("cannot read", path_, errno);
      left_ -= static_cast<uint64_t>(n);
      return static_cast<size_t>(n);
    }
    return size_t{0};
  }

  /// Goes to where the source begins in its file, and finds out how large it is. A pipe has no size, and begins at once.
  Status find_size(uint64_t begin) {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) return io_error("cannot read", path_, errno);
    if (!S_ISREG(info.st_mode) || info.st_size == 0) return {};  // files that the kernel makes up say 0
    auto bytes = static_cast<uint64_t>(std::max<off_t>(info.st_size, 0));
    begin_ = begin;
    size_ = std::min(left_, bytes - std::min(begin, bytes));
    return seek(0);
  }
  std::optional<uint64_t> size() const override { return size_; }
  Status seek(uint64_t offset) override {
    if (!size_) return ByteSource::seek(offset);
    offset = std::min(offset, *size_);
    if (::lseek(fd_, static_cast<off_t>(begin_ + offset), SEEK_SET) < 0) return io_error("cannot seek", path_, errno);
    left_ = *size_ - offset;
    return {};
  }

 private:
  int fd_;
  std::string path_;
  uint64_t left_, begin_ = 0;
  std::optional<uint64_t> size_;
};

// What a zstd file holds.
class PackedSource : public ByteSource {
 public:
  explicit PackedSource(formats::ByteReader reader) : reader_(std::move(reader)) {}
  Result<size_t> read(char* buffer, size_t size) override {
    if (held_.empty()) {
      MALMOI_ASSIGN(held_, reader_.next());
    }
    if (held_.empty()) return size_t{0};
    size = std::min(size, held_.size());
    std::memcpy(buffer, held_.data(), size);
    held_.remove_prefix(size);
    return size;
  }

 private:
  formats::ByteReader reader_;
  std::string_view held_;
};

class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<size_t> read(char* buffer, size_t size) override {
    size = std::min(size, bytes_.size() - at_);
    std::memcpy(buffer, bytes_.data() + at_, size);
    at_ += size;
    return size;
  }
  std::optional<uint64_t> size() const override { return bytes_.size(); }
  Status seek(uint64_t offset) override {
    at_ = static_cast<size_t>(std::min<uint64_t>(offset, bytes_.size()));
    return {};
  }

 private:
  std::string bytes_;
  size_t at_ = 0;
};

class PutBack : public ByteSource {
 public:
  PutBack(std::string head, std::unique_ptr<ByteSource> rest) : head_(std::move(head)), rest_(std::move(rest)) {}
  Result<size_t> read(char* buffer, size_t size) override {
    if (at_ == head_.size()) return rest_->read(buffer, size);
    size = std::min(size, head_.size() - at_);
    std::memcpy(buffer, head_.data() + at_, size);
    at_ += size;
    return size;
  }

 private:
  std::string head_;
  size_t at_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

class Utf16Source : public ByteSource {
 public:
  Utf16Source(std::unique_ptr<ByteSource> inner, bool big) : inner_(std::move(inner)), big_(big) {}

  Result<size_t> read(char* buffer, size_t size) override {
    while (ready_.size() == at_ && !finished_) MALMOI_TRY(convert_more());
    size = std::min(size, ready_.size() - at_);
    std::memcpy(buffer, ready_.data() + at_, size);
    at_ += size;
    return size;
  }

 private:
  Status convert_more() {
    ready_.clear();
    at_ = 0;
    char chunk[1 << 15];
    MALMOI_ASSIGN(size_t n, inner_->read(chunk, sizeof chunk));
    finished_ = n == 0;
    pending_.append(chunk, n);
    size_t units = pending_.size() / 2;
    auto unit = [&](size_t i) {
      auto a = static_cast<unsigned char>(pending_[2 * i]), b = static_cast<unsigned char>(pending_[2 * i + 1]);
      return static_cast<char32_t>(big_ ? a << 8 | b : b << 8 | a);
    };
    size_t used = 0;
    for (; used < units; ++used) {
      char32_t c = unit(used);
      bool high = (c & 0xFC00) == 0xD800;
      if (high && used + 1 == units && !finished_) break;  // its other half comes next
      if (high && used + 1 < units && (unit(used + 1) & 0xFC00) == 0xDC00)
        c = 0x10000 + ((c & 0x3FF) << 10) + (unit(++used) & 0x3FF);
      if (c != 0xFEFF) append_utf8(ready_, c);
    }
    pending_.erase(0, 2 * used);
    return {};
  }

  std::unique_ptr<ByteSource> inner_;
  bool big_, finished_ = false;
  std::string pending_, ready_;
  size_t at_ = 0;
};

}  // namespace

std::unique_ptr<ByteSource> utf8_source(std::unique_ptr<ByteSource> utf16, bool big_endian) {
  return std::make_unique<Utf16Source>(std::move(utf16), big_endian);
}

Result<std::unique_ptr<ByteSource>> open_file_source(const Path& path, uint64_t offset, uint64_t length) {
  MALMOI_ASSIGN(int fd, open_to_read(path));
  auto source = std::make_unique<FileSource>(fd, path.string(), length);
  MALMOI_TRY(source->find_size(offset));
  return std::unique_ptr<ByteSource>(std::move(source));
}

Result<std::unique_ptr<ByteSource>> open_line_source(const std::string& path) {
  constexpr uint64_t kNoEnd = UINT64_MAX;
  if (path == "-") {
    int fd = ::dup(STDIN_FILENO);
    if (fd < 0) return io_error("cannot read", "standard input", errno);
    return std::unique_ptr<ByteSource>(std::make_unique<FileSource>(fd, "standard input", kNoEnd));
  }
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return open_file_source(path);
  MALMOI_ASSIGN(formats::ByteReader reader, formats::ByteReader::open(path));
  return std::unique_ptr<ByteSource>(std::make_unique<PackedSource>(std::move(reader)));
}

Status ByteSource::seek(uint64_t) { return internal_error("a source that only goes forward was moved"); }

std::unique_ptr<ByteSource> put_back(std::string head, std::unique_ptr<ByteSource> rest) {
  if (rest->size() && rest->seek(0).ok()) return rest;
  return std::make_unique<PutBack>(std::move(head), std::move(rest));
}

Result<std::unique_ptr<ByteSource>> hold_in_memory(std::unique_ptr<ByteSource> source, uint64_t limit) {
  if (source->size()) return source;
  std::string content;
  char buffer[1 << 16];
  while (content.size() <= limit) {
    MALMOI_ASSIGN(size_t n, source->read(buffer, sizeof buffer));
    if (n == 0) return memory_source(std::move(content));
    content.append(buffer, n);
  }
  return std::unique_ptr<ByteSource>(std::make_unique<PutBack>(std::move(content), std::move(source)));
}

std::unique_ptr<ByteSource> memory_source(std::string bytes) {
  return std::make_unique<MemorySource>(std::move(bytes));
}

Result<std::string> read_all(ByteSource& source, uint64_t limit, const std::string& where) {
  std::string content;
  char buffer[1 << 16];
  while (true) {
    MALMOI_ASSIGN(size_t n, source.read(buffer, sizeof buffer));
    if (n == 0) return content;
    if (content.size() + n > limit)
      return invalid_data("is larger than " + std::to_string(limit) + " bytes", where,
                          "raise limits.document_bytes, or split it");
    content.append(buffer, n);
  }
}

}  // namespace malmoi::data
