#include "data/readers/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <climits>
#include <optional>
#include <vector>

#include "data/readers/expansion.h"
#include "data/readers/unpack.h"

namespace malmoi::data {
namespace {

int window_bits(Deflate format) {
  constexpr int kWindow = 15, kGzipHead = 16;  // zlib's own signs
  return format == Deflate::kGzip ? kWindow + kGzipHead : format == Deflate::kZlib ? kWindow : -kWindow;
}

// Members of one format, piece by piece.
class Inflater {
 public:
  enum class State : uint8_t { kInside, kBetween, kPast, kDamaged };  // kPast: foreign bytes behind the last member
  struct Step {
    size_t taken = 0, given = 0;
  };

  explicit Inflater(Deflate format) : format_(format) {
    if (inflateInit2(&stream_, window_bits(format)) != Z_OK) state_ = State::kDamaged;
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  State state() const { return state_; }

  /// Takes some of `in` and gives some of what it holds; nothing of either: more input is needed, or it is over.
  Step step(std::string_view in, char* out, size_t size) {
    Step step;
    if (state_ == State::kBetween) step.taken = find_member(in);
    if (state_ == State::kPast) step.taken = in.size();
    if (state_ != State::kInside) return step;
    in.remove_prefix(step.taken);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(std::min<size_t>(in.size(), UINT_MAX));
    const uInt had = stream_.avail_in;
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(size, UINT_MAX));
    const uInt room = stream_.avail_out;
    int code = ::inflate(&stream_, Z_NO_FLUSH);
    step.taken += had - stream_.avail_in;
    step.given = room - stream_.avail_out;
    if (code == Z_STREAM_END) {
      state_ = State::kBetween;
      ++members_;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      // What only looks like a further member is no part of the file.
      bool foreign = members_ > 0 && stream_.total_out == 0;
      state_ = foreign ? State::kPast : State::kDamaged;
    }
    return step;
  }

 private:
  // Zeros pad tapes and blocks between the members of gzip; other bytes are not the file's.
  size_t find_member(std::string_view in) {
    if (format_ != Deflate::kGzip) {
      state_ = State::kPast;
      return 0;
    }
    size_t at = in.find_first_not_of('\0');
    if (at == std::string_view::npos) return in.size();
    state_ = in[at] == '\x1f' && inflateReset(&stream_) == Z_OK ? State::kInside : State::kPast;
    return at;
  }

  Deflate format_;
  State state_ = State::kInside;
  uint64_t members_ = 0;
  z_stream stream_{};
};

class GzipSource : public ByteSource {
 public:
  GzipSource(std::unique_ptr<ByteSource> inner, const ReaderLimits& limits, std::string where,
             std::shared_ptr<Expansion> expansion, bool is_outermost, OnSkip on_skip)
      : inner_(std::move(inner)),
        limits_(limits),
        where_(std::move(where)),
        expansion_(std::move(expansion)),
        is_outermost_(is_outermost),
        on_skip_(std::move(on_skip)) {}

  Result<size_t> read(char* buffer, size_t size) override {
    if (size == 0) return size_t{0};
    while (!failure_) {
      if (begin_ == end_ && !finished_) refill();
      Inflater::Step step = inflater_.step({chunk_.data() + begin_, end_ - begin_}, buffer, size);
      begin_ += step.taken;
      expansion_->out += step.given;
      if (Status fits = expansion_->check(limits_, where_); !fits.ok()) {
        failure_ = fits.error();
        break;
      }
      if (inflater_.state() == Inflater::State::kDamaged) failure_ = broken("damaged gzip data");
      if (inflater_.state() == Inflater::State::kPast && !is_past_told_) tell_past();
      bool over = finished_ && begin_ == end_ && step.given == 0;
      if (over && inflater_.state() == Inflater::State::kInside && !failure_)
        failure_ = broken("the gzip data ends too soon");
      if (step.given > 0) return step.given;
      if (over && !failure_) return size_t{0};
    }
    return *failure_;
  }

 private:
  void refill() {
    Result<size_t> n = inner_->read(chunk_.data(), chunk_.size());
    if (!n.ok()) failure_ = n.error();
    begin_ = 0;
    end_ = n.ok() ? *n : 0;
    finished_ = end_ == 0;
    if (is_outermost_) expansion_->in += end_;
  }
  void tell_past() {
    is_past_told_ = true;
    on_skip_({where_, "read.damaged", "bytes behind the last gzip member are no gzip and were passed over", true});
  }
  Error broken(const char* what) const { return invalid_data(what, where_, "check that the file is whole"); }

  std::unique_ptr<ByteSource> inner_;
  ReaderLimits limits_;
  std::string where_;
  Inflater inflater_{Deflate::kGzip};
  std::vector<char> chunk_ = std::vector<char>(1 << 16);
  size_t begin_ = 0, end_ = 0;
  bool finished_ = false;
  std::shared_ptr<Expansion> expansion_;
  bool is_outermost_, is_past_told_ = false;
  OnSkip on_skip_;
  std::optional<Error> failure_;  // told again and again
};

}  // namespace

bool is_zlib(std::string_view bytes) {
  if (bytes.size() < 2) return false;
  auto method = static_cast<uint8_t>(bytes[0]), flags = static_cast<uint8_t>(bytes[1]);
  return (method & 0x0F) == 8 && (method >> 4) <= 7 && (method * 256 + flags) % 31 == 0;
}

Unpacked inflate(std::string_view bytes, Deflate format, uint64_t limit) {
  Inflater inflater(format);
  Unpacked out;
  std::vector<char> buffer(1 << 16);
  while (true) {
    Inflater::Step step = inflater.step(bytes, buffer.data(), buffer.size());
    bytes.remove_prefix(step.taken);
    out.bytes.append(buffer.data(), step.given);
    if (out.bytes.size() > limit) {
      out.end = Unpacked::End::kTooLarge;
      return out;
    }
    if (inflater.state() == Inflater::State::kDamaged) break;
    if (step.taken == 0 && step.given == 0) break;
  }
  out.end = inflater.state() == Inflater::State::kDamaged  ? Unpacked::End::kDamaged
            : inflater.state() == Inflater::State::kInside ? Unpacked::End::kCut
                                                           : Unpacked::End::kWhole;
  return out;
}

std::unique_ptr<ByteSource> gzip_source(std::unique_ptr<ByteSource> inner, const ReaderLimits& limits,
                                        std::string where, std::shared_ptr<Expansion>& expansion,
                                        const OnSkip& on_skip) {
  bool is_outermost = !expansion;
  if (is_outermost) expansion = std::make_shared<Expansion>();
  return std::make_unique<GzipSource>(std::move(inner), limits, std::move(where), expansion, is_outermost, on_skip);
}

}  // namespace malmoi::data
