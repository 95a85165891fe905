#include "data/crawl/warc_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <utility>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/utc.h"

namespace malmoi::data {
namespace {

Result<std::string> gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return internal_error("cannot start zlib");
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  int code = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) return internal_error("zlib could not compress a record");
  return out;
}

// A name for the record, from what it holds: the same record has the same name.
std::string record_id(std::string_view url, std::string_view date, std::string_view block) {
  std::string hex = to_hex(hash128(std::string(url) + "\n" + std::string(date) + "\n" + std::string(block)));
  return fmt::format("<urn:uuid:{}-{}-4{}-a{}-{}>", hex.substr(0, 8), hex.substr(8, 4), hex.substr(13, 3),
                     hex.substr(17, 3), hex.substr(20, 12));
}

}  // namespace

std::string WarcWriter::name(int number) { return fmt::format("crawl-{:05}.warc.gz", number); }

WarcWriter::WarcWriter(WarcWriter&& other) noexcept
    : folder_(std::move(other.folder_)),
      number_(other.number_),
      limit_(other.limit_),
      size_(other.size_),
      agent_(std::move(other.agent_)),
      fd_(std::exchange(other.fd_, -1)) {}

WarcWriter& WarcWriter::operator=(WarcWriter&& other) noexcept {
  std::swap(folder_, other.folder_);
  std::swap(number_, other.number_);
  std::swap(limit_, other.limit_);
  std::swap(size_, other.size_);
  std::swap(agent_, other.agent_);
  std::swap(fd_, other.fd_);
  return *this;
}

WarcWriter::~WarcWriter() {
  if (fd_ >= 0) ::close(fd_);
}

Result<WarcWriter> WarcWriter::open(const Path& folder, int number, uint64_t size, uint64_t limit,
                                    const std::string& agent) {
  WarcWriter writer(folder, number, limit, agent);
  MALMOI_TRY(writer.start(size));
  return writer;
}

// Whether the file is where it is written, of `size` bytes at least.
bool WarcWriter::is_in_place(uint64_t size) const {
  struct stat named {
  }, held{};
  if (::stat((folder_ / name(number_)).c_str(), &named) != 0 || static_cast<uint64_t>(named.st_size) < size)
    return false;
  return fd_ < 0 || (::fstat(fd_, &held) == 0 && held.st_ino == named.st_ino && held.st_dev == named.st_dev);
}

// The log names no later file: what one holds was written by a crawl that was killed before it could say so.
Status WarcWriter::start_next() {
  ++number_;
  return start(0);
}

Status WarcWriter::start(uint64_t size) {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  if (size > 0 && !is_in_place(size)) return start_next();
  Path path = folder_ / name(number_);
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) return io_error("cannot create", path.string(), errno);
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0 || ::lseek(fd_, static_cast<off_t>(size), SEEK_SET) < 0)
    return io_error("cannot go on in", path.string(), errno);
  size_ = size;
  if (size > 0) return {};
  return record("warcinfo", name(number_), "application/warc-fields",
                "software: " + agent_ + "\r\nformat: WARC File Format 1.1\r\n", "");
}

Status WarcWriter::record(std::string_view type, const std::string& url, std::string_view content_type,
                          std::string_view block, std::string_view extra) {
  std::string date = utc_now();
  std::string head = fmt::format(
      "WARC/1.1\r\nWARC-Type: {}\r\nWARC-Record-ID: {}\r\nWARC-Date: {}\r\n{}: {}\r\n{}Content-Type: "
      "{}\r\nContent-Length: {}\r\n\r\n",
      type, record_id(url, date, block), date, type == "warcinfo" ? "WARC-Filename" : "WARC-Target-URI", url, extra,
      content_type, block.size());
  head.append(block) += "\r\n\r\n";
  MALMOI_ASSIGN(std::string member, gzip(head));
  for (std::string_view rest = member; !rest.empty();) {
    ssize_t n = ::write(fd_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("cannot write", (folder_ / name(number_)).string(), errno);
    rest.remove_prefix(static_cast<size_t>(n));
  }
  size_ += member.size();
  return {};
}

Status WarcWriter::response(const std::string& url, std::string_view http, std::string_view body) {
  if (size_ >= limit_ || !is_in_place(size_)) MALMOI_TRY(start_next());
  return record("response", url, "application/http; msgtype=response", std::string(http) + std::string(body), "");
}

Status WarcWriter::revisit(const std::string& url, std::string_view http) {
  if (!is_in_place(size_)) MALMOI_TRY(start_next());
  return record("revisit", url, "application/http; msgtype=response", http,
                "WARC-Profile: http://netpreserve.org/warc/1.1/revisit/server-not-modified\r\n");
}

std::string plain_head(const std::string& head, size_t length) {
  std::string out;
  for (size_t begin = 0; begin < head.size();) {
    size_t end = std::min(head.find('\n', begin), head.size() - 1);
    std::string line = head.substr(begin, end + 1 - begin), low = ascii_lower(line);
    begin = end + 1;
    if (low.starts_with("transfer-encoding:") || low.starts_with("content-length:") || low == "\r\n" || low == "\n")
      continue;
    out += line;
  }
  return out + "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

}  // namespace malmoi::data
