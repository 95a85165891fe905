#include "data/crawl/crawl_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/hash.h"
#include "base/json_read.h"
#include "data/readers/source_buffer.h"

namespace malmoi::data {
namespace {

constexpr uint64_t kSortMemory = uint64_t{32} << 20;

// A line of the log, by its URL.
struct Line {
  uint64_t low, high, offset, visited;
  auto operator<=>(const Line&) const = default;
};

// Of one URL: where it was found, and where its last visit stands (0: there was none; the first line finds something).
struct Waiting {
  uint64_t found, visit;
  auto operator<=>(const Waiting&) const = default;
};

// Whether the numbers and marks of a line are what append() was given: a damaged log is an error, not an exception.
bool is_well_formed(const Json& line) {
  if (!line.is_object()) return false;
  for (const auto& [key, value] : line.items()) {
    const bool is_small = key == "found" || key == "warc" || key == "status";
    const bool is_count = is_small || key == "end" || key == "bytes";
    const bool is_mark = key == "stored" || key == "sitemap";
    if (is_count && !json_count(line, key, is_small ? INT32_MAX : INT64_MAX)) return false;
    if (is_mark && !value.is_boolean()) return false;
  }
  return true;
}

// Where the last whole line ends.
Result<uint64_t> whole_lines(int fd, const std::string& where) {
  constexpr off_t kBlock = 1 << 16;
  std::string block;
  for (off_t end = ::lseek(fd, 0, SEEK_END); end > 0;) {
    off_t begin = std::max<off_t>(0, end - kBlock);
    block.resize(static_cast<size_t>(end - begin));
    if (::pread(fd, block.data(), block.size(), begin) != static_cast<ssize_t>(block.size()))
      return io_error("cannot read", where, errno);
    size_t at = block.rfind('\n');
    if (at != std::string::npos) return static_cast<uint64_t>(begin) + at + 1;
    end = begin;
  }
  return uint64_t{0};
}

// Calls visit(line, offset) for every line up to the end of the source.
template <typename Visit>
Status for_each_line(std::unique_ptr<ByteSource> source, const Visit& visit) {
  SourceBuffer buffer(std::move(source));
  uint64_t offset = 0;
  size_t searched = 0;
  while (true) {
    size_t end = buffer.view().find('\n', searched);
    if (end != std::string::npos) {
      MALMOI_TRY(visit(buffer.view().substr(0, end), offset));
      buffer.pass(end + 1);
      offset += end + 1;
      searched = 0;
      continue;
    }
    if (buffer.finished()) return {};
    searched = buffer.view().size();
    MALMOI_TRY(buffer.fill());
  }
}

}  // namespace

Result<CrawlLog> CrawlLog::open(const Path& folder) {
  Path path = folder / "crawl.log";
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return io_error("cannot write", path.string(), errno);
  CrawlLog log(path, fd);
  MALMOI_ASSIGN(uint64_t good, whole_lines(fd, path.string()));
  if (::ftruncate(fd, static_cast<off_t>(good)) != 0 || ::lseek(fd, 0, SEEK_END) < 0)
    return io_error("cannot write", path.string(), errno);
  return log;
}

CrawlLog::CrawlLog(CrawlLog&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

CrawlLog& CrawlLog::operator=(CrawlLog&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  return *this;
}

CrawlLog::~CrawlLog() {
  if (fd_ >= 0) ::close(fd_);
}

Result<CrawlLog::Past> CrawlLog::replay(const std::shared_ptr<ScratchFolder>& scratch, bool revisit,
                                        const std::function<Status(const net::Url&)>& found,
                                        const std::function<Status(Task)>& waits) const {
  Past past;
  ExternalSorter<Line> lines(scratch, "log", kSortMemory);
  MALMOI_ASSIGN(auto source, open_file_source(path_));
  MALMOI_TRY(for_each_line(std::move(source), [&](std::string_view text, uint64_t offset) -> Status {
    MALMOI_ASSIGN(Json line, parse_json(text, path_.string()));
    std::string name = json_string(line, "url");
    auto url = net::parse_url(name);
    if (!url || !is_well_formed(line))
      return invalid_data("a damaged line at byte " + std::to_string(offset), path_.string(), "name a new folder");
    Hash128 hash = hash128(name);
    bool visited = !line.contains("found");
    MALMOI_TRY(lines.add({hash.low, hash.high, offset, visited}));
    if (!visited) return found(*url);
    past.warc = line.value("warc", past.warc);
    past.warc_size = line.value("end", past.warc_size);
    if (line.value("status", 0) == 200 && line.value("stored", true)) {
      ++past.pages;
      past.bytes += line.value("bytes", uint64_t{0});
    }
    return {};
  }));

  MALMOI_TRY(lines.finish());
  ExternalSorter<Waiting> waiting(scratch, "waiting", kSortMemory);
  Line line{}, first{};
  uint64_t visit = 0;
  bool any = false, more = true;
  while (more) {
    MALMOI_ASSIGN(more, lines.next(line));
    bool same = more && any && line.low == first.low && line.high == first.high;
    if (!same) {
      bool wanted = any && !first.visited && (visit == 0 || revisit);
      if (wanted) MALMOI_TRY(waiting.add({first.offset, visit}));
      first = line;
      visit = 0;
      any = true;
    } else if (line.visited) {
      visit = line.offset;
    }
  }
  MALMOI_TRY(waiting.finish());
  Waiting next{};
  while (true) {
    MALMOI_ASSIGN(bool left, waiting.next(next));
    if (!left) return past;
    MALMOI_ASSIGN(Json origin, line_at(next.found));
    Task task{*net::parse_url(json_string(origin, "url")), origin.value("found", 0),
              origin.value("sitemap", false) ? Purpose::kSitemap : Purpose::kPage};
    if (next.visit > 0) {
      MALMOI_ASSIGN(Json visited, line_at(next.visit));
      task.etag = json_string(visited, "etag");
      task.modified = json_string(visited, "modified");
    }
    MALMOI_TRY(waits(std::move(task)));
  }
}

Result<Json> CrawlLog::line_at(uint64_t offset) const {
  std::string text(512, '\0');
  size_t held = 0;
  while (true) {
    ssize_t n = ::pread(fd_, text.data() + held, text.size() - held, static_cast<off_t>(offset + held));
    if (n <= 0) return io_error("cannot read", path_.string(), n == 0 ? EIO : errno);
    held += static_cast<size_t>(n);
    size_t end = std::string_view(text).substr(0, held).find('\n');
    if (end != std::string_view::npos) return parse_json(std::string_view(text).substr(0, end), path_.string());
    if (held == text.size()) text.resize(text.size() * 2);
  }
}

Status CrawlLog::append(const Json& line) {
  std::string text = dump_json(line) + "\n";
  for (std::string_view rest = text; !rest.empty();) {
    ssize_t n = ::write(fd_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("cannot write", path_.string(), errno);
    rest.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

}  // namespace malmoi::data
