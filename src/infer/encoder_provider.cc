#include "infer/encoder_provider.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "infer/classify.h"
#include "infer/fill.h"
#include "infer/known_ids.h"
#include "infer/token_pieces.h"

namespace malmoi::infer {

EncoderProvider::EncoderProvider(model::Model& model, const tokenizer::Tokenizer& tokenizer, chat::ModelInfo info,
                                 EmbedderOptions options)
    : model_(&model), tokenizer_(&tokenizer), info_(std::move(info)) {
  info_.context_length = model.max_positions();
  info_.architecture = model.model_type();
  info_.parameters = model.parameter_count();
  options.context_length = info_.context_length;
  embedder_ = std::make_unique<Embedder>(model, tokenizer, std::move(options));
  attention_ = std::make_unique<AttentionView>(model, tokenizer, std::vector<int32_t>());
}

Result<chat::GenerationRequest> EncoderProvider::prepare(chat::GenerationRequest request) const {
  MALMOI_TRY(check_generates(*model_));
  return request;
}

Status EncoderProvider::generate(chat::GenerationRequest, chat::TokenSink) { return check_generates(*model_); }

void EncoderProvider::drain(double) {
  std::lock_guard lock(turn_);
  stopping_ = true;
}

Result<std::vector<chat::TokenPiece>> EncoderProvider::tokenize(const chat::TokenizeRequest& request) const {
  return token_pieces(*tokenizer_, request);
}

Result<std::string> EncoderProvider::detokenize(std::span<const int32_t> ids) const { return tokenizer_->decode(ids); }

Status EncoderProvider::run(const std::function<void()>& pass) const {
  std::lock_guard lock(turn_);
  if (stopping_) return Error{ErrorCode::kCancelled, "the server is stopping", "", "try again later"};
  pass();
  return health();  // or weights were read as zeros
}

Result<chat::Embeddings> EncoderProvider::embed(const chat::EmbeddingRequest& request) const {
  MALMOI_TRY(health());
  return embedder_->embed(request, -1, [this](const std::function<void()>& pass) { return run(pass); });
}

Result<chat::Attention> EncoderProvider::attention(const chat::AttentionRequest& request) const {
  MALMOI_TRY(health());
  return attention_->show(request, -1, [this](const std::function<void()>& pass) { return run(pass); });
}

// What `pass` gives of a session, while nothing else computes with the model.
template <typename Value, typename Pass>
Result<Value> EncoderProvider::through_head(const Pass& pass) const {
  Result<Value> value = Value();
  MALMOI_TRY(run([&] {
    if (!session_) {
      auto made = Session::create(*model_, {.row_invariant = false});
      if (!made.ok()) {
        value = made.error();
        return;
      }
      session_ = *std::move(made);
    }
    value = pass(*session_);
  }));
  return value;
}

Result<chat::FilledGaps> EncoderProvider::fill(const chat::FillRequest& request) const {
  MALMOI_TRY(health());
  const int64_t most = std::min(chat::kMostExplored, model_->max_positions());
  MALMOI_ASSIGN(const TextWithGaps text, read_gaps(*model_, *tokenizer_, request.text, "text", most));
  return through_head<chat::FilledGaps>(
      [&](Session& session) { return fill_gaps(session, *tokenizer_, text, {.top = request.top, .words = {}}); });
}

Result<chat::ClassifiedText> EncoderProvider::classify(const chat::ClassifyRequest& request) const {
  MALMOI_TRY(health());
  MALMOI_TRY(check_classifies(*model_));
  const int64_t most = std::min(chat::kLongestEmbedded, model_->max_positions());
  const tokenizer::EncodedText text =
      tokenizer::encode_text(request.text, request.pair ? &*request.pair : nullptr, *tokenizer_, most);
  if (text.ids.empty()) return usage_error("the text is empty", "text", "give a text");
  if (text.cut > 0)
    return usage_error(
        fmt::format("the text has {} tokens; at most {} are read", std::ssize(text.ids) + text.cut, most), "text",
        "shorten it");
  MALMOI_TRY(check_known(text.ids, *model_));
  return through_head<chat::ClassifiedText>(
      [&](Session& session) { return infer::classify(session, *model_, *tokenizer_, text); });
}

}  // namespace malmoi::infer
