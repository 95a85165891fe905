#include "data/readers/input_stream.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace malmoi::data {
namespace {

class CountingSource : public ByteSource {
 public:
  CountingSource(std::unique_ptr<ByteSource> inner, uint64_t& count) : inner_(std::move(inner)), count_(count) {}
  Result<size_t> read(char* buffer, size_t size) override {
    Result<size_t> n = inner_->read(buffer, size);
    if (n.ok()) count_ += *n;
    return n;
  }
  std::optional<uint64_t> size() const override { return inner_->size(); }
  Status seek(uint64_t offset) override { return inner_->seek(offset); }

 private:
  std::unique_ptr<ByteSource> inner_;
  uint64_t& count_;
};

std::string rule_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnsupported: return "read.unsupported";
    case ErrorCode::kIo:
    case ErrorCode::kNotFound: return "read.unreadable";
    default: return "read.damaged";
  }
}

}  // namespace

InputStream::InputStream(std::vector<InputFile> files, std::vector<ReaderOptions> options, OnSkip on_skip)
    : files_(std::move(files)), options_(std::move(options)), on_skip_(std::move(on_skip)) {}

bool InputStream::open_next() {
  const InputFile& file = files_[at_];
  Input input;
  input.id = input.path = file.path.string();
  input.name = file.path.filename().string();
  input.named = file.named;
  auto source = open_file_source(file.path, file.offset, file.length);
  if (!source.ok()) {
    on_skip_({input.id, rule_of(source.error()), source.error().to_string(), true});
    return false;
  }
  if (file.offset > 0 || file.length != UINT64_MAX) input.id += "@" + std::to_string(file.offset);
  input.bytes = std::make_unique<CountingSource>(*std::move(source), bytes_read_);
  std::string id = input.id;
  auto reader = open_reader(std::move(input), options_[file.source], on_skip_);
  if (!reader.ok()) on_skip_({id, rule_of(reader.error()), reader.error().to_string(), true});
  else reader_ = *std::move(reader);
  return reader_ != nullptr;
}

bool InputStream::next(RawDocument& out, uint32_t& source) {
  while (at_ < files_.size()) {
    if (!reader_ && !open_next()) {
      ++at_;
      continue;
    }
    Result<bool> more = reader_->next(out);
    if (more.ok() && *more) {
      source = files_[at_].source;
      return true;
    }
    if (!more.ok()) on_skip_({files_[at_].path.string(), rule_of(more.error()), more.error().to_string(), true});
    reader_.reset();
    ++at_;
  }
  return false;
}

namespace {

// The entries of one folder: files to `files`, folders to `folders`. What cannot be looked at is reported.
void list_folder(const Path& folder, std::vector<Path>& files, std::vector<Path>& folders, const OnSkip& on_skip) {
  namespace fs = std::filesystem;
  std::error_code error;
  for (fs::directory_iterator entries(folder, error), end; !error && entries != end; entries.increment(error)) {
    const fs::directory_entry& entry = *entries;
    if (entry.path().filename().string().starts_with('.')) continue;  // hidden: repositories' and editors' own
    std::error_code unseen;
    fs::file_type type = entry.status(unseen).type();
    bool folder_link = type == fs::file_type::directory && entry.is_symlink(unseen);
    if (type == fs::file_type::directory && !folder_link) folders.push_back(entry.path());
    else if (type == fs::file_type::regular) files.push_back(entry.path());
    else if (type == fs::file_type::none || type == fs::file_type::unknown)
      on_skip({entry.path().string(), "read.unreadable", unseen.message(), true});
    else if (!folder_link) on_skip({entry.path().string(), "read.ignored", "no regular file", false});
  }
  if (error) on_skip({folder.string(), "read.unreadable", error.message(), true});
}

}  // namespace

Result<std::vector<InputFile>> list_inputs(const Path& path, const OnSkip& on_skip, uint32_t source) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return io_error("cannot open", path.string(), errno);
  if (S_ISREG(info.st_mode)) return std::vector<InputFile>{{path, 0, UINT64_MAX, source, true}};
  if (S_ISFIFO(info.st_mode))
    return invalid_data("is a named pipe, a file was expected", path.string(), "write it to a file first");
  if (!S_ISDIR(info.st_mode))
    return invalid_data("is neither a file nor a folder", path.string(), "name a file or a folder");
  std::vector<Path> files, folders = {path};
  bool reported = false;
  auto report = [&](Skip skip) {
    reported = true;
    on_skip(std::move(skip));
  };
  while (!folders.empty()) {
    Path folder = std::move(folders.back());
    folders.pop_back();
    list_folder(folder, files, folders, report);
  }
  if (files.empty() && !reported) on_skip({path.string(), "read.empty", "there is no file in the folder", false});
  std::sort(files.begin(), files.end());
  std::vector<InputFile> inputs;
  for (Path& file : files) inputs.push_back({std::move(file), 0, UINT64_MAX, source, false});
  return inputs;
}

}  // namespace malmoi::data
