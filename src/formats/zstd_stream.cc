#include "formats/zstd_stream.h"

#include <zstd.h>

#include <algorithm>
#include <vector>

namespace malmoi::formats {
namespace {

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
using Compressor = std::unique_ptr<ZSTD_CCtx, FreeCompressor>;
using Decompressor = std::unique_ptr<ZSTD_DCtx, FreeDecompressor>;

constexpr unsigned kFrameMagic = 0xFD2FB528;

bool is_zstd(std::string_view bytes) {
  if (bytes.size() < 4) return false;
  unsigned magic = 0;
  for (int i = 3; i >= 0; --i) magic = magic << 8 | static_cast<unsigned char>(bytes[static_cast<size_t>(i)]);
  return magic == kFrameMagic || (magic & 0xFFFFFFF0) == 0x184D2A50;  // a frame, or one to be skipped
}

// Feeds the mapped bytes through the decompressor, a buffer at a time.
class FrameDecoder {
 public:
  explicit FrameDecoder(std::string_view input) : input_(input), context_(ZSTD_createDCtx()) {
    out_.resize(ZSTD_DStreamOutSize());
  }

  // The next decompressed bytes; empty at the end.
  Result<std::string_view> next(const std::string& where) {
    while (at_ < input_.size() || pending_ != 0) {
      ZSTD_inBuffer in{input_.data(), input_.size(), at_};
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      size_t before = at_;
      size_t left = ZSTD_decompressStream(context_.get(), &out, &in);
      at_ = in.pos;
      if (ZSTD_isError(left))
        return invalid_data(std::string("damaged zstd data: ") + ZSTD_getErrorName(left),
                            where + ": byte " + std::to_string(at_), "fetch or write the file again");
      pending_ = left;
      if (out.pos > 0) return std::string_view(out_.data(), out.pos);
      if (at_ == before && left != 0)
        return invalid_data("zstd data ends within a frame", where + ": byte " + std::to_string(at_),
                            "the file is truncated: fetch or write it again");
    }
    return std::string_view();
  }

 private:
  std::string_view input_;
  size_t at_ = 0, pending_ = 0;
  Decompressor context_;
  std::vector<char> out_;
};

}  // namespace

std::string zstd_compress(std::string_view bytes, int level) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level);
  out.resize(ZSTD_isError(size) ? 0 : size);
  return out;
}

Result<std::string> zstd_decompress(std::string_view bytes, uint64_t limit, const std::string& where) {
  if (!is_zstd(bytes)) return invalid_data("is not zstd-compressed", where);
  FrameDecoder decoder(bytes);
  std::string out;
  while (true) {
    MALMOI_ASSIGN(std::string_view piece, decoder.next(where));
    if (piece.empty()) return out;
    if (piece.size() > limit - out.size())
      return invalid_data("holds more than " + std::to_string(limit) + " bytes", where);
    out.append(piece);
  }
}

struct ZstdWriter::State {
  AtomicFile file;
  Path path;
  Compressor context;
  std::vector<char> out;
  uint64_t size = 0;

  Status compress(std::string_view bytes, ZSTD_EndDirective mode) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (true) {
      ZSTD_outBuffer to{out.data(), out.size(), 0};
      size_t left = ZSTD_compressStream2(context.get(), &to, &in, mode);
      if (ZSTD_isError(left)) return internal_error(std::string("zstd: ") + ZSTD_getErrorName(left), path.string());
      MALMOI_TRY(file.write(out.data(), to.pos));
      bool done = mode == ZSTD_e_end ? left == 0 : in.pos == in.size;
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
  Compressor context(ZSTD_createCCtx());
  if (!context) return out_of_memory("no memory for a compressor", path.string());
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, std::clamp(level, 1, 19));
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  return ZstdWriter(std::make_unique<State>(
      State{std::move(file), path, std::move(context), std::vector<char>(ZSTD_CStreamOutSize())}));
}

Status ZstdWriter::write(std::string_view bytes) {
  state_->size += bytes.size();
  return state_->compress(bytes, ZSTD_e_continue);
}

uint64_t ZstdWriter::size() const { return state_->size; }
uint64_t ZstdWriter::compressed_size() const { return state_->file.size(); }

Status ZstdWriter::commit() {
  MALMOI_TRY(state_->compress({}, ZSTD_e_end));
  return state_->file.commit();
}

struct ByteReader::State {
  MappedFile file;
  std::string where;
  std::unique_ptr<FrameDecoder> decoder;  // none for a plain file
  size_t at = 0;
};

ByteReader::ByteReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
ByteReader::ByteReader(ByteReader&&) noexcept = default;
ByteReader& ByteReader::operator=(ByteReader&&) noexcept = default;
ByteReader::~ByteReader() = default;

Result<ByteReader> ByteReader::open(const Path& path) {
  auto state = std::make_unique<State>();
  MALMOI_ASSIGN(state->file, MappedFile::open(path));
  state->where = path.string();
  if (is_zstd(state->file.text())) state->decoder = std::make_unique<FrameDecoder>(state->file.text());
  else if (path.extension() == ".zst" && state->file.size() > 0)
    return invalid_data("is not zstd-compressed", path.string(), "rename it, or compress it with zstd");
  return ByteReader(std::move(state));
}

Result<std::string_view> ByteReader::next() {
  if (state_->decoder) return state_->decoder->next(state_->where);
  std::string_view piece = state_->file.text().substr(state_->at, size_t{1} << 20);
  state_->at += piece.size();
  return piece;
}

Result<LineReader> LineReader::open(const Path& path, size_t max_line_bytes) {
  MALMOI_ASSIGN(ByteReader bytes, ByteReader::open(path));
  return LineReader(std::move(bytes), path, max_line_bytes);
}

Result<bool> LineReader::next(std::string_view& line) {
  ++line_number_;
  joined_.clear();
  bool partial = false;  // something of this line came before the current chunk
  while (true) {
    if (chunk_.empty()) {
      MALMOI_ASSIGN(chunk_, bytes_.next());
      if (chunk_.empty()) {
        if (partial) line = joined_;
        else --line_number_;
        return partial;
      }
    }
    size_t end = chunk_.find('\n');
    std::string_view piece = chunk_.substr(0, end);
    if (joined_.size() + piece.size() > limit_)
      return invalid_data("the line is longer than " + std::to_string(limit_) + " bytes", where(), "split it");
    if (end != std::string_view::npos) {
      chunk_.remove_prefix(end + 1);
      if (partial) joined_.append(piece);
      line = partial ? std::string_view(joined_) : piece;
      return true;
    }
    joined_.append(piece);
    chunk_ = {};
    partial = true;
  }
}

}  // namespace malmoi::formats
