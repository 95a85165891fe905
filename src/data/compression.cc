#include "data/compression.h"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace malmoi::data {
namespace {

constexpr char kZstdMagic[] = "\x28\xb5\x2f\xfd";
constexpr int kMaxWindowLog = 27;  // 128 MiB: the most that a foreign frame may make us hold

}  // namespace

struct ZstdWriter::State {
  AtomicFile file;
  ZSTD_CCtx* context;
  std::string path;
  std::vector<char> out = std::vector<char>(ZSTD_CStreamOutSize());

  State(AtomicFile f, int level, std::string p) : file(std::move(f)), context(ZSTD_createCCtx()), path(std::move(p)) {
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  }
  ~State() { ZSTD_freeCCtx(context); }

  Status push(std::string_view bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    while (true) {
      ZSTD_outBuffer output{out.data(), out.size(), 0};
      size_t left = ZSTD_compressStream2(context, &output, &input, directive);
      if (ZSTD_isError(left)) return internal_error(std::string("zstd: ") + ZSTD_getErrorName(left), path);
      if (output.pos > 0) MALMOI_TRY(file.write(out.data(), output.pos));
      bool done = directive == ZSTD_e_end ? left == 0 : input.pos == input.size;
      if (done) return {};
    }
  }
};

ZstdWriter::ZstdWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
ZstdWriter::ZstdWriter(ZstdWriter&&) noexcept = default;
ZstdWriter& ZstdWriter::operator=(ZstdWriter&&) noexcept = default;
ZstdWriter::~ZstdWriter() = default;

Result<ZstdWriter> ZstdWriter::create(const Path& path, int level) {
  MALMOI_ASSIGN(AtomicFile file, AtomicFile::create(path));
  return ZstdWriter(std::make_unique<State>(std::move(file), level, path.string()));
}

Status ZstdWriter::write(std::string_view bytes) {
  return bytes.empty() ? Status{} : state_->push(bytes, ZSTD_e_continue);
}

Status ZstdWriter::commit() {
  MALMOI_TRY(state_->push({}, ZSTD_e_end));
  return state_->file.commit();
}

uint64_t ZstdWriter::compressed_bytes() const { return state_->file.size(); }

struct LineReader::State {
  std::string path;
  int fd = -1;
  uint64_t max_line = 0;
  ZSTD_DCtx* context = nullptr;
  std::vector<char> raw;  // compressed bytes
  size_t raw_begin = 0, raw_end = 0;
  bool raw_finished = false;
  bool inside_frame = false;
  std::string text;  // decoded bytes not yet handed out
  size_t begin = 0, scanned = 0;
  bool finished = false;
  uint64_t line = 0;

  ~State() {
    if (fd >= 0) ::close(fd);
    ZSTD_freeDCtx(context);
  }

  Status refill_raw() {
    raw_begin = raw_end = 0;
    while (true) {
      ssize_t n = ::read(fd, raw.data(), raw.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return io_error("cannot read", path, errno);
      raw_end = static_cast<size_t>(n);
      raw_finished = n == 0;
      return {};
    }
  }

  // Appends more decoded bytes to `text`, or sets `finished`.
  Status fill() {
    if (begin > 0) {
      text.erase(0, begin);
      scanned -= begin;
      begin = 0;
    }
    if (raw_begin == raw_end && !raw_finished) MALMOI_TRY(refill_raw());
    if (!context) {
      text.append(raw.data() + raw_begin, raw_end - raw_begin);
      raw_begin = raw_end;
      finished = raw_finished;
      return {};
    }
    if (raw_begin == raw_end) {
      finished = true;
      if (inside_frame) return invalid_data("the compressed file ends early", path, "copy or build it again");
      return {};
    }
    size_t old = text.size(), room = ZSTD_DStreamOutSize();
    text.resize(old + room);
    ZSTD_outBuffer output{text.data() + old, room, 0};
    ZSTD_inBuffer input{raw.data() + raw_begin, raw_end - raw_begin, 0};
    size_t left = ZSTD_decompressStream(context, &output, &input);
    text.resize(old + output.pos);
    raw_begin += input.pos;
    if (ZSTD_isError(left))
      return invalid_data(std::string("damaged zstd data: ") + ZSTD_getErrorName(left), path, "copy or build it again");
    inside_frame = left != 0;
    return {};
  }
};

LineReader::LineReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
LineReader::LineReader(LineReader&&) noexcept = default;
LineReader& LineReader::operator=(LineReader&&) noexcept = default;
LineReader::~LineReader() = default;

Result<LineReader> LineReader::open(const Path& path, uint64_t max_line) {
  auto state = std::make_unique<State>();
  state->path = path.string();
  state->max_line = max_line;
  state->raw.resize(1 << 18);
  state->fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (state->fd < 0) return io_error("cannot open", path.string(), errno);
  MALMOI_TRY(state->refill_raw());
  if (state->raw_end >= 4 && std::memcmp(state->raw.data(), kZstdMagic, 4) == 0) {
    state->context = ZSTD_createDCtx();
    ZSTD_DCtx_setParameter(state->context, ZSTD_d_windowLogMax, kMaxWindowLog);
  }
  return LineReader(std::move(state));
}

Result<bool> LineReader::next(std::string_view& line) {
  State& s = *state_;
  while (true) {
    size_t end = s.text.find('\n', s.scanned);
    if (end == std::string::npos && s.finished) {
      if (s.begin == s.text.size()) return false;
      end = s.text.size();
    }
    if (end != std::string::npos) {
      line = std::string_view(s.text).substr(s.begin, end - s.begin);
      s.begin = s.scanned = std::min(end + 1, s.text.size());
      ++s.line;
      return true;
    }
    s.scanned = s.text.size();
    if (s.text.size() - s.begin > s.max_line)
      return invalid_data("line " + std::to_string(s.line + 1) + " is longer than " + std::to_string(s.max_line) + " bytes",
                          s.path, "split the file into lines");
    MALMOI_TRY(s.fill());
  }
}

uint64_t LineReader::line_number() const { return state_->line; }

std::string zstd_compress(std::string_view bytes, int level) {
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  size_t n = ZSTD_compress(frame.data(), frame.size(), bytes.data(), bytes.size(), level);
  frame.resize(ZSTD_isError(n) ? 0 : n);
  return frame;
}

Result<std::string> zstd_decompress(std::string_view frame, const std::string& where, uint64_t limit) {
  unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
    return invalid_data("damaged zstd frame", where, "delete it and run again");
  if (size > limit) return invalid_data("a zstd frame of " + std::to_string(size) + " bytes", where, "delete it and run again");
  std::string bytes(size, '\0');
  size_t n = ZSTD_decompress(bytes.data(), bytes.size(), frame.data(), frame.size());
  if (ZSTD_isError(n) || n != size) return invalid_data("damaged zstd frame", where, "delete it and run again");
  return bytes;
}

}  // namespace malmoi::data
