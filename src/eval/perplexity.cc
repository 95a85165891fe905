#include "eval/perplexity.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "infer/sampling.h"

namespace malmoi::eval {
namespace {

// Logits of this many rows stand in memory at once.
constexpr int64_t kRowsAtOnce = 128;

}  // namespace

double Perplexity::loss() const { return tokens > 0 ? nats / static_cast<double>(tokens) : 0; }
double Perplexity::perplexity() const { return std::exp(loss()); }
double Perplexity::bits_per_byte() const { return bytes > 0 ? nats / (static_cast<double>(bytes) * std::log(2.0)) : 0; }

PerplexityMeter::PerplexityMeter(std::unique_ptr<infer::Session> session, const tokenizer::Tokenizer* tokenizer,
                                 const PerplexityOptions& options)
    : session_(std::move(session)), tokenizer_(tokenizer), options_(options) {
  int64_t context = session_->model().max_positions();
  options_.window = options_.window > 0 ? std::min(options_.window, context) : context;
}

Result<PerplexityMeter> PerplexityMeter::create(const model::Model& model, const tokenizer::Tokenizer* tokenizer,
                                                const PerplexityOptions& options) {
  MALMOI_TRY(infer::check_continues(model));
  MALMOI_ASSIGN(auto session, infer::Session::create(model, {.row_invariant = false}));
  return PerplexityMeter(std::move(session), tokenizer, options);
}

Status PerplexityMeter::add_text(std::string_view text) {
  std::vector<int32_t> plain = tokenizer_->encode(text, {.add_special = false, .parse_special = false});
  std::vector<int32_t> ids = plain;
  // What the tokenizer puts before a text gives the first token something to be predicted from; what it puts after a
  // text is not part of it.
  std::vector<int32_t> special = tokenizer_->encode("", {.add_special = true});
  bool begins = !special.empty() && tokenizer_->bos_id() && special[0] == *tokenizer_->bos_id();
  if (begins) ids.insert(ids.begin(), special[0]);
  if (ids.size() < 2) return {};
  uint64_t bytes = text.size();
  if (!begins) bytes -= std::min<uint64_t>(bytes, tokenizer_->token_bytes(ids[0]).size());
  return add_ids(ids, bytes);
}

Status PerplexityMeter::add_ids(std::span<const int32_t> ids, uint64_t bytes) {
  if (ids.size() < 2) return {};
  ++result_.documents;
  result_.bytes += bytes;
  return options_.convention == Convention::kLlamaCpp ? llama_cpp(ids) : strided(ids);
}

// Adds -log p of window[first_target ...], each from what is before it in the window.
Status PerplexityMeter::score(std::span<const int32_t> window, int64_t first_target) {
  MALMOI_ASSIGN(nn::SequenceState state, session_->open());
  auto length = static_cast<int64_t>(window.size());
  auto vocab = static_cast<size_t>(session_->model().vocab_size());
  for (int64_t begin = 0; begin + 1 < length;) {
    int64_t n = std::min(kRowsAtOnce, length - 1 - begin);  // the last token predicts nothing that is here
    int64_t skip = std::clamp<int64_t>(first_target - 1 - begin, 0, n);
    session_->append(state, window.subspan(static_cast<size_t>(begin), static_cast<size_t>(n)), n - skip);
    MALMOI_ASSIGN(std::span<const float> logits, session_->logits());
    for (int64_t i = skip; i < n; ++i) {
      std::span<const float> row = logits.subspan(static_cast<size_t>(i - skip) * vocab, vocab);
      int32_t target = window[static_cast<size_t>(begin + i + 1)];
      result_.nats += infer::log_sum_exp(row) - static_cast<double>(row[static_cast<size_t>(target)]);
      ++result_.tokens;
    }
    begin += n;
  }
  return {};
}

Status PerplexityMeter::strided(std::span<const int32_t> ids) {
  auto length = static_cast<int64_t>(ids.size()), stride = std::max<int64_t>(options_.window / 2, 1);
  int64_t scored = 1;  // targets before this one are done; the first token has nothing before it
  for (int64_t begin = 0; scored < length; begin += stride) {
    int64_t end = std::min(begin + options_.window, length);
    if (end > scored)
      MALMOI_TRY(score(ids.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin)), scored - begin));
    scored = std::max(scored, end);
  }
  return {};
}

Status PerplexityMeter::llama_cpp(std::span<const int32_t> ids) {
  int64_t window = options_.window, chunks = static_cast<int64_t>(ids.size()) / window, first = window / 2;
  bool begins = tokenizer_ && tokenizer_->bos_id() && ids[0] == *tokenizer_->bos_id();
  for (int64_t c = 0; c < chunks; ++c) {
    std::vector<int32_t> chunk(ids.begin() + c * window, ids.begin() + (c + 1) * window);
    if (begins) chunk[0] = ids[0];
    MALMOI_TRY(score(chunk, first + 1));
  }
  return {};
}

}  // namespace malmoi::eval
