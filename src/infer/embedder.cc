#include "infer/embedder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "infer/known_ids.h"

namespace malmoi::infer {
namespace {

// Answers that are being written wait for one pass at the most. A longer text is a pass by itself: it is read without a state.
constexpr int64_t kPassRows = 2048;

std::vector<double> pooled(std::span<const float> rows, size_t width, TextPooling pooling) {
  if (pooling == TextPooling::kFirst) rows = rows.first(width);
  if (pooling == TextPooling::kLast) rows = rows.last(width);
  std::vector<double> sum(width);
  for (size_t i = 0; i < rows.size(); ++i) sum[i % width] += static_cast<double>(rows[i]);
  return sum;  // a mean but for its length, which is made 1
}

Error too_long(int64_t length, int64_t limit, const std::string& field) {
  return usage_error(fmt::format("a text has {} tokens; at most {} are embedded", length, limit), field,
                     "cut it into parts");
}

int64_t length_of(const std::vector<int32_t>& ids) { return static_cast<int64_t>(ids.size()); }

// How many of the texts, from the first on, are read in one pass.
size_t texts_of_pass(std::span<const std::vector<int32_t>> texts) {
  size_t count = 1;
  for (int64_t rows = length_of(texts[0]); count < texts.size(); ++count) {
    rows += length_of(texts[count]);
    if (rows > kPassRows) break;
  }
  return count;
}

}  // namespace

std::vector<float> pool_rows(std::span<const float> rows, int64_t width, TextPooling pooling, int64_t dimensions) {
  std::vector<double> sum = pooled(rows, static_cast<size_t>(width), pooling);
  if (dimensions > 0) sum.resize(static_cast<size_t>(dimensions));
  double squares = 0;
  for (double x : sum) squares += x * x;
  const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
  std::vector<float> out;
  for (double x : sum) out.push_back(static_cast<float>(x * scale));
  return out;
}

// With all that the tokenizer puts around a text; special tokens that are written in it are text.
std::vector<int32_t> Embedder::ids_of(const chat::EmbeddingInput& input) const {
  if (const auto* ids = std::get_if<Ids>(&input.text)) return *ids;
  std::string text;
  if (input.purpose == chat::EmbeddingPurpose::kQuery) text = options_.query_prefix;
  if (input.purpose == chat::EmbeddingPurpose::kDocument) text = options_.document_prefix;
  text += std::get<std::string>(input.text);
  return tokenizer_->encode(text, {.add_special = true, .parse_special = false});
}

Result<std::vector<std::vector<int32_t>>> Embedder::read(const chat::EmbeddingRequest& request) const {
  const std::string field = request.field;
  if (request.inputs.size() > chat::kMaxEmbeddingInputs)
    return usage_error(fmt::format("more than {} texts in one request", chat::kMaxEmbeddingInputs), field,
                       "send several requests");
  if (request.dimensions > model_->hidden_size())
    return usage_error(fmt::format("the model's vectors have {} dimensions", model_->hidden_size()), "dimensions",
                       "ask for no more");
  const int64_t longest = std::min(options_.context_length, chat::kLongestEmbedded);
  std::vector<Ids> texts;
  int64_t tokens = 0;
  for (const chat::EmbeddingInput& input : request.inputs) {
    texts.push_back(ids_of(input));
    const int64_t length = length_of(texts.back());
    if (length == 0) return usage_error("a text is empty", field, "leave it out");
    if (length > longest) return too_long(length, longest, field);
    tokens += length;
    if (tokens > chat::kMaxEmbeddingTokens)
      return usage_error(fmt::format("the texts have more than {} tokens together", chat::kMaxEmbeddingTokens), field,
                         "send several requests");
    if (Status known = check_known(texts.back(), *model_); !known.ok()) {
      Error error = known.error();
      error.where = field;
      return error;
    }
  }
  return texts;
}

Status Embedder::run_pass(std::span<const Ids> texts, int32_t adapter, int64_t dimensions, chat::Embeddings& out) {
  if (!session_) {
    MALMOI_ASSIGN(session_, Session::create(*model_));
  }
  session_->forget();  // what a pass that threw has left
  for (const Ids& ids : texts) session_->add({.ids = ids, .adapter = adapter}, 0);
  MALMOI_ASSIGN(std::vector<float> rows, session_->hidden());
  const int64_t width = model_->hidden_size();
  std::span<const float> left = rows;
  for (const Ids& ids : texts) {
    const size_t size = ids.size() * static_cast<size_t>(width);
    out.vectors.push_back(pool_rows(left.first(size), width, options_.pooling, dimensions));
    out.tokens += length_of(ids);
    left = left.subspan(size);
  }
  return {};
}

Result<chat::Embeddings> Embedder::embed(const chat::EmbeddingRequest& request, int32_t adapter, const Turn& turn) {
  MALMOI_ASSIGN(const std::vector<Ids> texts, read(request));
  chat::Embeddings out;
  std::span<const Ids> left = texts;
  while (!left.empty()) {
    const std::span<const Ids> part = left.first(texts_of_pass(left));
    Status passed;
    MALMOI_TRY(turn([&] { passed = run_pass(part, adapter, request.dimensions, out); }));
    MALMOI_TRY(passed);
    left = left.subspan(part.size());
  }
  return out;
}

}  // namespace malmoi::infer
