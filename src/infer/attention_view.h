// Which tokens of a text a model's attention looks at: one layer and head of a pass over it.
#pragma once

#include <memory>
#include <vector>

#include "chat/explore.h"
#include "infer/embedder.h"
#include "infer/session.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::infer {

/// One model's. show() may be called from many threads, as `turn` allows.
class AttentionView {
 public:
  /// Model and tokenizer outlive the view. `ends`: as of prompt_ids().
  AttentionView(const model::Model& model, const tokenizer::Tokenizer& tokenizer, std::vector<int32_t> ends)
      : model_(&model), tokenizer_(&tokenizer), ends_(std::move(ends)) {}

  /// In one pass, without a state. `adapter`: of the model's; -1: none. Errors: a kind, layer or head that the model has not; a
  /// text that is missing, empty, too long, or has other ids than the model; those of `turn`.
  Result<chat::Attention> show(const chat::AttentionRequest& request, int32_t adapter, const Embedder::Turn& turn);

 private:
  using Ids = std::vector<int32_t>;
  struct Texts {
    Ids text, source;
  };
  bool has_two_sides() const { return model_->task() == model::Task::kSeq2Seq; }
  Status check_kind(chat::AttentionKind kind) const;
  Status check_ids(const Ids& ids, int64_t known, const std::string& where) const;
  Result<Ids> read_whole(const chat::TextOrIds& text, const std::string& where) const;
  Result<Ids> read_written(const std::optional<chat::TextOrIds>& text, const std::string& where) const;
  Result<Texts> read(const chat::AttentionRequest& request) const;
  Status run_pass(const Texts& texts, int32_t adapter, chat::AttentionKind kind, autograd::AttentionProbe& probe);
  std::vector<chat::TokenPiece> pieces_of(const Ids& ids) const;

  const model::Model* model_;
  const tokenizer::Tokenizer* tokenizer_;
  std::vector<int32_t> ends_;
  std::unique_ptr<Session> session_;  // used in turns alone
};

}  // namespace malmoi::infer
