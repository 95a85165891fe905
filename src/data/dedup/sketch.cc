#include "data/dedup/sketch.h"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/rng.h"
#include "data/dedup/minhash.h"
#include "data/dedup/rolling.h"
#include "data/dedup/words.h"

namespace malmoi::data {
namespace {

constexpr int kHashes = 112;

uint64_t mix_shingle(uint64_t h) {  // the finaliser of MurmurHash3
  h ^= h >> 33;
  h *= 0xFF51AFD7ED558CCDull;
  h ^= h >> 33;
  h *= 0xC4CEB9FE1A85EC53ull;
  return h ^ h >> 33;
}

double candidate_probability(double jaccard, int bands, int rows) {
  return 1.0 - std::pow(1.0 - std::pow(jaccard, rows), bands);
}

}  // namespace

NearOptions near_options(double threshold, int ngram) {
  NearOptions options;
  options.threshold = threshold;
  options.ngram = ngram;
  for (int rows = 8; rows >= 1; --rows) {
    options.rows = rows;
    options.bands = kHashes / rows;
    if (candidate_probability(threshold, options.bands, rows) >= 0.999) break;
  }
  return options;
}

Status check_options(const NearOptions& o) {
  if (!(o.threshold > 0 && o.threshold <= 1))
    return usage_error(fmt::format("threshold {} is not above 0 and at most 1", o.threshold), "threshold", "e.g. 0.7");
  if (o.ngram < 1 || o.ngram > 64) return usage_error("ngram must be 1 to 64", "ngram", "e.g. 5");
  if (o.bands < 1 || o.rows < 1 || o.bands * o.rows > 4096)
    return usage_error("bands and rows must be positive, with at most 4096 hashes", "bands", "e.g. 28 bands of 4 rows");
  return {};
}

struct Sketcher::State {
  NearOptions options;
  size_t functions = 0;        // bands * rows
  std::vector<uint32_t> a, b;  // padded to a multiple of kMinHashBlock
};

Sketcher::Sketcher(const NearOptions& options) : state_(std::make_unique<State>()) {
  state_->options = options;
  state_->functions = static_cast<size_t>(options.bands) * static_cast<size_t>(options.rows);
  size_t padded = (state_->functions + kMinHashBlock - 1) / kMinHashBlock * kMinHashBlock;
  Rng rng(options.seed);
  for (size_t i = 0; i < padded; ++i) {
    state_->a.push_back(rng.next_u32() | 1);
    state_->b.push_back(rng.next_u32());
  }
}

Sketcher::~Sketcher() = default;

namespace {

// What a thread reuses from text to text.
struct Buffers {
  std::string normal;
  std::vector<uint32_t> ends;
  std::vector<uint64_t> words;
  std::vector<uint32_t> low;
  std::vector<uint32_t> signature;
};

// Words between spaces; of scripts that are written without, every character is one.
void hash_words(Buffers& buffers) {
  buffers.words.clear();
  size_t begin = 0;
  for (uint32_t end : buffers.ends) {
    for (size_t part = begin; part < end;) {
      size_t next = unit_end(buffers.normal, part, end);
      buffers.words.push_back(XXH3_64bits(buffers.normal.data() + part, next - part));
      part = next;
    }
    begin = end + 1;
  }
}

// Hashes of all n-grams: a polynomial in kRollingBase over the words' hashes, rolled along and mixed.
void hash_ngrams(const std::vector<uint64_t>& words, size_t n, std::vector<uint64_t>& out) {
  out.clear();
  if (words.empty()) return;
  size_t length = std::min(n, words.size());
  uint64_t rolling = 0, highest = 1;
  for (size_t i = 0; i < length; ++i) {
    rolling = rolling * kRollingBase + words[i];
    if (i > 0) highest *= kRollingBase;
  }
  out.reserve(words.size() - length + 1);
  out.push_back(mix_shingle(rolling));
  for (size_t i = length; i < words.size(); ++i) {
    rolling = (rolling - words[i - length] * highest) * kRollingBase + words[i];
    out.push_back(mix_shingle(rolling));
  }
}

}  // namespace

void Sketcher::sketch(std::string_view text, Sketch& out) const {
  thread_local Buffers buffers;
  normalize_words(text, buffers.normal, buffers.ends);
  XXH128_hash_t exact = XXH3_128bits(buffers.normal.data(), buffers.normal.size());
  out.exact = {exact.low64, exact.high64};
  hash_words(buffers);
  hash_ngrams(buffers.words, static_cast<size_t>(state_->options.ngram), out.shingles);
  out.bands.clear();
  if (out.shingles.empty()) return;
  buffers.low.resize(out.shingles.size());
  for (size_t i = 0; i < out.shingles.size(); ++i) buffers.low[i] = static_cast<uint32_t>(out.shingles[i]);
  buffers.signature.resize(state_->a.size());
  min_hashes(buffers.low.data(), buffers.low.size(), state_->a.data(), state_->b.data(), state_->a.size(),
             buffers.signature.data());
  auto rows = static_cast<size_t>(state_->options.rows);
  for (size_t band = 0; band < static_cast<size_t>(state_->options.bands); ++band)
    out.bands.push_back(
        XXH3_64bits_withSeed(buffers.signature.data() + band * rows, rows * sizeof(uint32_t), band + 1));
}

Sketch Sketcher::sketch(std::string_view text) const {
  Sketch out;
  sketch(text, out);
  return out;
}

void make_set(std::vector<uint64_t>& shingles) {
  std::sort(shingles.begin(), shingles.end());
  shingles.erase(std::unique(shingles.begin(), shingles.end()), shingles.end());
}

double jaccard(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b) {
  if (a.empty() && b.empty()) return 1.0;
  size_t i = 0, j = 0, both = 0;
  while (i < a.size() && j < b.size()) {
    both += a[i] == b[j];
    bool forward_a = a[i] <= b[j], forward_b = b[j] <= a[i];
    i += forward_a;
    j += forward_b;
  }
  return static_cast<double>(both) / static_cast<double>(a.size() + b.size() - both);
}

namespace {

void append_u64(std::string& out, uint64_t value) {
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  out.append(bytes, 8);
}

}  // namespace

void append_sketch(std::string& out, const Sketch& sketch) {
  append_u64(out, sketch.exact.low);
  append_u64(out, sketch.exact.high);
  append_u64(out, sketch.shingles.size());
  append_u64(out, sketch.bands.size());
  for (uint64_t v : sketch.shingles) append_u64(out, v);
  for (uint64_t v : sketch.bands) append_u64(out, v);
}

Result<Sketch> parse_sketch(std::string_view bytes, size_t& offset) {
  size_t at = offset;
  auto left = [&] { return (bytes.size() - at) / 8; };
  auto read = [&] {
    uint64_t value = 0;
    for (size_t i = 0; i < 8; ++i) value |= uint64_t{static_cast<uint8_t>(bytes[at + i])} << (8 * i);
    at += 8;
    return value;
  };
  auto bad = [&] { return invalid_data("the sketch is cut short", fmt::format("offset {}", offset), "make it again"); };
  if (offset > bytes.size() || left() < 4) return bad();
  Sketch sketch;
  sketch.exact.low = read();
  sketch.exact.high = read();
  uint64_t shingles = read(), bands = read();
  if (shingles > left() || bands > left() - shingles) return bad();
  sketch.shingles.resize(shingles);
  sketch.bands.resize(bands);
  for (uint64_t& v : sketch.shingles) v = read();
  for (uint64_t& v : sketch.bands) v = read();
  offset = at;
  return sketch;
}

}  // namespace malmoi::data
