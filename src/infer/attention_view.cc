#include "infer/attention_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "infer/attention_weights.h"
#include "infer/known_ids.h"
#include "infer/prompt.h"
#include "infer/token_pieces.h"

namespace malmoi::infer {
namespace {

using chat::AttentionKind;

AttentionWatch::Wanted wanted_of(const chat::AttentionRequest& request) {
  return {.stack = request.kind == AttentionKind::kEncoder || !request.source ? 0 : 1,
          .crossed = request.kind == AttentionKind::kCross,
          .layer = request.layer,
          .head = request.head};
}

Status check_found(const AttentionWatch& watch, int64_t head, const model::Model& model) {
  if (watch.attention_layers().empty())
    return usage_error("this " + model.model_type() + " model has no attention", "model", "use a model that has");
  if (*watch.layer() >= watch.layers())
    return usage_error(fmt::format("there is no layer {}: the model has {}", *watch.layer(), watch.layers()), "layer",
                       "count them from 0");
  if (watch.heads() > 0 && head >= watch.heads())
    return usage_error(fmt::format("there is no head {}: the layer has {}", head, watch.heads()), "head",
                       "count them from 0; -1 is the mean over all");
  return {};
}

}  // namespace

Status AttentionView::check_kind(AttentionKind kind) const {
  if (has_two_sides() || kind == AttentionKind::kSelf) return {};
  return usage_error("this " + model_->model_type() + " model is no encoder-decoder: its attention is in one text",
                     "kind", "use 'self'");
}

Status AttentionView::check_ids(const Ids& ids, int64_t known, const std::string& where) const {
  const int64_t limit = std::min(chat::kMostExplored, model_->max_positions());
  const auto length = static_cast<int64_t>(ids.size());
  if (ids.empty()) return usage_error("there is nothing to read", where, "give a text");
  if (length > limit)
    return usage_error(fmt::format("the text has {} tokens; attention is shown of at most {}", length, limit), where,
                       "shorten it");
  Status checked = check_known(ids, known);
  if (checked.ok()) return {};
  Error error = checked.error();
  error.where = where;
  return error;
}

Result<std::vector<int32_t>> AttentionView::read_whole(const chat::TextOrIds& text, const std::string& where) const {
  const auto* given = std::get_if<Ids>(&text);
  Ids ids = given ? *given : prompt_ids(*model_, *tokenizer_, ends_, std::get<std::string>(text));
  MALMOI_TRY(check_ids(ids, model_->vocab_size(), where));
  return ids;
}

// What a decoder has written stands behind the token that begins its answers; its vocabulary may be one of its own.
Result<std::vector<int32_t>> AttentionView::read_written(const std::optional<chat::TextOrIds>& text,
                                                         const std::string& where) const {
  Ids ids;
  if (const auto* given = text ? std::get_if<Ids>(&*text) : nullptr) {
    ids = *given;
  } else {
    if (!check_begins(*model_).ok())
      return usage_error("the model does not say how an answer begins", where,
                         "give 'ids', the first of them the token that answers begin with");
    ids.push_back(model_->decoder_start_token_id);
    const std::string written = text ? std::get<std::string>(*text) : "";
    const Ids rest = tokenizer_->encode(written, {.add_special = false, .parse_special = true});
    ids.insert(ids.end(), rest.begin(), rest.end());
  }
  MALMOI_TRY(check_ids(ids, model_->outputs(), where));
  return ids;
}

Result<AttentionView::Texts> AttentionView::read(const chat::AttentionRequest& request) const {
  MALMOI_TRY(check_kind(request.kind));
  const std::string where = request.text && std::holds_alternative<Ids>(*request.text) ? "ids" : "text";
  Texts texts;
  if (!has_two_sides()) {
    if (request.source)
      return usage_error("this " + model_->model_type() + " model is no encoder-decoder: it reads one text", "source",
                         "leave it out");
    if (!request.text) return usage_error("there is nothing to read", where, "give a text");
    MALMOI_ASSIGN(texts.text, read_whole(*request.text, where));
    return texts;
  }
  if (!request.source)
    return usage_error("this " + model_->model_type() + " model is an encoder-decoder, and its encoder reads nothing",
                       "source", "give the text that it answers");
  MALMOI_ASSIGN(texts.source, read_whole(*request.source, "source"));
  if (request.kind == AttentionKind::kEncoder && !request.text) return texts;
  MALMOI_ASSIGN(texts.text, read_written(request.text, where));
  return texts;
}

Status AttentionView::run_pass(const Texts& texts, int32_t adapter, AttentionKind kind,
                               autograd::AttentionProbe& probe) {
  if (!session_) {
    MALMOI_ASSIGN(session_, Session::create(*model_));
  }
  session_->forget();  // what a pass that threw has left
  const nn::RunInput text{.ids = texts.text, .adapter = adapter}, source{.ids = texts.source, .adapter = adapter};
  if (!has_two_sides()) session_->add(text, 0);
  else if (kind == AttentionKind::kEncoder) session_->add(source, 0);
  else session_->add(text, 0, &source);
  return session_->watch(probe, !has_two_sides() || kind == AttentionKind::kEncoder);
}

std::vector<chat::TokenPiece> AttentionView::pieces_of(const Ids& ids) const {
  std::vector<chat::TokenPiece> pieces;
  for (int32_t id : ids) pieces.push_back(token_piece(*tokenizer_, id));
  return pieces;
}

Result<chat::Attention> AttentionView::show(const chat::AttentionRequest& request, int32_t adapter,
                                            const Embedder::Turn& turn) {
  MALMOI_ASSIGN(const Texts texts, read(request));
  AttentionWatch watch(wanted_of(request));
  Status passed;
  MALMOI_TRY(turn([&] { passed = run_pass(texts, adapter, request.kind, watch); }));
  MALMOI_TRY(passed);
  MALMOI_TRY(check_found(watch, request.head, *model_));
  chat::Attention shown{.kinds = {AttentionKind::kSelf},
                        .layers = watch.layers(),
                        .attention_layers = watch.attention_layers(),
                        .layer = *watch.layer(),
                        .heads = watch.heads(),
                        .tokens = pieces_of(texts.text),
                        .source_tokens = pieces_of(texts.source),
                        .weights = watch.rows()};
  if (has_two_sides()) shown.kinds = {AttentionKind::kSelf, AttentionKind::kCross, AttentionKind::kEncoder};
  return shown;
}

}  // namespace malmoi::infer
