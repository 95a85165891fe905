#include "eval/perplexity.h"

#include <algorithm>
#include <cmath>

#include "infer/known_ids.h"
#include "infer/sampling.h"
#include "tokenizer/coverage.h"
#include "tokenizer/document_marks.h"

namespace malmoi::eval {
namespace {

// Logits of this many rows stand in memory at once.
constexpr int64_t kRowsAtOnce = 128;

}  // namespace

double Perplexity::loss() const { return tokens > 0 ? nats / static_cast<double>(tokens) : 0; }
double Perplexity::perplexity() const { return std::exp(loss()); }
std::optional<double> Perplexity::bits_per_byte() const {
  if (bytes == 0) return {};
  return nats / (static_cast<double>(bytes) * std::log(2.0));
}

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
  tokenizer::Coverage covered = tokenizer::cover(*tokenizer_, text);
  result_.characters += covered.characters;
  result_.unknown_characters += covered.unknown;
  if (result_.unknown_examples.empty()) result_.unknown_examples = covered.examples;
  const std::vector<int32_t> before = tokenizer::document_marks(*tokenizer_).before;
  std::vector<int32_t> ids = before;
  ids.insert(ids.end(), covered.ids.begin(), covered.ids.end());
  std::vector<uint32_t> bytes(before.size(), 0);
  bytes.insert(bytes.end(), covered.bytes.begin(), covered.bytes.end());
  return add_ids(ids, bytes, std::max<int64_t>(static_cast<int64_t>(before.size()), 1));
}

Status PerplexityMeter::add_ids(std::span<const int32_t> ids, std::span<const uint32_t> bytes, int64_t first) {
  if (static_cast<int64_t>(ids.size()) <= first) return {};
  MALMOI_TRY(infer::check_known(ids, session_->model()));
  ++result_.documents;
  const Window document{ids, bytes};
  return options_.convention == Convention::kLlamaCpp ? llama_cpp(document) : strided(document, first);
}

// Adds -log p of window.ids[first_target ...], each from what is before it in the window, and their bytes.
Status PerplexityMeter::score(const Window& window, int64_t first_target) {
  MALMOI_ASSIGN(nn::SequenceState state, session_->open());
  auto length = static_cast<int64_t>(window.ids.size());
  auto vocab = static_cast<size_t>(session_->model().vocab_size());
  for (int64_t begin = 0; begin + 1 < length;) {
    int64_t n = std::min(kRowsAtOnce, length - 1 - begin);  // the last token predicts nothing that is here
    int64_t skip = std::clamp<int64_t>(first_target - 1 - begin, 0, n);
    session_->append({.ids = window.ids.subspan(static_cast<size_t>(begin), static_cast<size_t>(n)),
                      .state = &state,
                      .text_length = length - 1},
                     n - skip);
    MALMOI_ASSIGN(std::span<const float> logits, session_->logits());
    for (int64_t i = skip; i < n; ++i) {
      std::span<const float> row = logits.subspan(static_cast<size_t>(i - skip) * vocab, vocab);
      const auto at = static_cast<size_t>(begin + i + 1);
      const auto target = static_cast<size_t>(window.ids[at]);
      result_.nats += infer::log_sum_exp(row) - static_cast<double>(row[target]);
      if (!window.bytes.empty()) result_.bytes += window.bytes[at];
      ++result_.tokens;
    }
    begin += n;
  }
  return {};
}

Status PerplexityMeter::strided(const Window& document, int64_t first) {
  const auto length = static_cast<int64_t>(document.ids.size()), stride = std::max<int64_t>(options_.window / 2, 1);
  int64_t scored = first;  // targets before this one are done, or have nothing to be predicted from
  for (int64_t begin = 0; scored < length; begin += stride) {
    int64_t end = std::min(begin + options_.window, length);
    if (end > scored) MALMOI_TRY(score(part(document, begin, end), scored - begin));
    scored = std::max(scored, end);
  }
  return {};
}

Status PerplexityMeter::llama_cpp(const Window& document) {
  const std::span<const int32_t> ids = document.ids;
  int64_t window = options_.window, chunks = static_cast<int64_t>(ids.size()) / window, first = window / 2;
  bool begins = tokenizer_ && tokenizer_->bos_id() && ids[0] == *tokenizer_->bos_id();
  for (int64_t c = 0; c < chunks; ++c) {
    Window chunk = part(document, c * window, (c + 1) * window);
    std::vector<int32_t> begun(chunk.ids.begin(), chunk.ids.end());
    if (begins) begun[0] = ids[0];
    chunk.ids = begun;
    MALMOI_TRY(score(chunk, first + 1));
  }
  return {};
}

PerplexityMeter::Window PerplexityMeter::part(const Window& document, int64_t begin, int64_t end) {
  const auto from = static_cast<size_t>(begin), n = static_cast<size_t>(end - begin);
  return {document.ids.subspan(from, n), document.bytes.empty() ? document.bytes : document.bytes.subspan(from, n)};
}

}  // namespace malmoi::eval
