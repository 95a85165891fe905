#include "eval/divergence.h"

#include <algorithm>
#include <cmath>

#include "infer/known_ids.h"
#include "infer/sampling.h"
#include "tokenizer/document_marks.h"

namespace malmoi::eval {
namespace {

// Logits of this many rows stand in memory at once, of each model.
constexpr int64_t kRowPairsAtOnce = 64;

size_t top_of(std::span<const float> row) { return static_cast<size_t>(std::ranges::max_element(row) - row.begin()); }

void add_row(std::span<const float> first, std::span<const float> second, size_t target, Divergence& sums) {
  const double first_sum = infer::log_sum_exp(first), second_sum = infer::log_sum_exp(second);
  for (size_t v = 0; v < first.size(); ++v) {
    const double log_first = static_cast<double>(first[v]) - first_sum;
    const double log_second = static_cast<double>(second[v]) - second_sum;
    sums.kl += std::exp(log_first) * (log_first - log_second);
  }
  sums.first_loss += first_sum - static_cast<double>(first[target]);
  sums.second_loss += second_sum - static_cast<double>(second[target]);
  sums.same_top += top_of(first) == top_of(second);
  ++sums.tokens;
}

}  // namespace

Result<DivergenceMeter> DivergenceMeter::create(const model::Model& first, const model::Model& second,
                                                const tokenizer::Tokenizer& tokenizer, int64_t window) {
  MALMOI_TRY(infer::check_continues(first));
  MALMOI_TRY(infer::check_continues(second));
  if (first.outputs() != second.outputs())
    return usage_error("the models have vocabularies of different sizes", "model", "compare models of one tokenizer");
  DivergenceMeter meter;
  MALMOI_ASSIGN(meter.first_, infer::Session::create(first, {.row_invariant = false}));
  MALMOI_ASSIGN(meter.second_, infer::Session::create(second, {.row_invariant = false}));
  meter.tokenizer_ = &tokenizer;
  meter.window_ = std::min({window, first.max_positions(), second.max_positions()});
  return meter;
}

Status DivergenceMeter::add_text(std::string_view text) {
  std::vector<int32_t> ids = tokenizer::document_marks(*tokenizer_).before;
  const std::vector<int32_t> own = tokenizer_->encode(text, {.parse_special = false});
  ids.insert(ids.end(), own.begin(), own.end());
  MALMOI_TRY(infer::check_known(ids, first_->model()));
  MALMOI_TRY(infer::check_known(ids, second_->model()));
  const auto window = static_cast<size_t>(window_);
  for (size_t begin = 0; begin + 1 < ids.size(); begin += window)
    MALMOI_TRY(add_window(std::span(ids).subspan(begin, std::min(window, ids.size() - begin))));
  return {};
}

Status DivergenceMeter::add_window(std::span<const int32_t> ids) {
  MALMOI_ASSIGN(nn::SequenceState first_state, first_->open());
  MALMOI_ASSIGN(nn::SequenceState second_state, second_->open());
  const auto predicted = static_cast<int64_t>(ids.size()) - 1;
  const auto vocabulary = static_cast<size_t>(first_->model().outputs());
  for (int64_t begin = 0; begin < predicted; begin += kRowPairsAtOnce) {
    const int64_t rows = std::min(kRowPairsAtOnce, predicted - begin);
    const auto part = ids.subspan(static_cast<size_t>(begin), static_cast<size_t>(rows));
    first_->append({.ids = part, .state = &first_state, .text_length = predicted}, rows);
    second_->append({.ids = part, .state = &second_state, .text_length = predicted}, rows);
    MALMOI_ASSIGN(const std::span<const float> first, first_->logits());
    MALMOI_ASSIGN(const std::span<const float> second, second_->logits());
    for (int64_t r = 0; r < rows; ++r) {
      const auto at = static_cast<size_t>(r) * vocabulary;
      const auto target = static_cast<size_t>(ids[static_cast<size_t>(begin + r + 1)]);
      add_row(first.subspan(at, vocabulary), second.subspan(at, vocabulary), target, sums_);
    }
  }
  return {};
}

Divergence DivergenceMeter::result() const {
  Divergence mean = sums_;
  if (mean.tokens == 0) return mean;
  const auto tokens = static_cast<double>(mean.tokens);
  mean.kl /= tokens, mean.first_loss /= tokens, mean.second_loss /= tokens, mean.same_top /= tokens;
  return mean;
}

}  // namespace malmoi::eval
