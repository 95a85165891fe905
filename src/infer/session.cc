#include "infer/session.h"

#include <algorithm>
#include <cstring>

#include "infer/state_budget.h"

namespace malmoi::infer {
namespace {

using autograd::Var;

}  // namespace

Status check_generates(const model::Model& model) {
  if (model.generates()) return {};
  return usage_error("this " + model.model_type() + " model has no head that writes text", "model",
                     "use a causal language model or an encoder-decoder");
}

Status check_continues(const model::Model& model) {
  if (model.task() == model::Task::kCausalLm) return {};
  return usage_error("this " + model.model_type() + " model does not go on with a text", "model",
                     "use a causal language model");
}

Status check_begins(const model::Model& model) {
  if (model.decoder_start_token_id >= 0 && model.decoder_start_token_id < model.outputs()) return {};
  return usage_error("the model does not say how an answer begins", "config.json",
                     "add decoder_start_token_id to it, or name the token with --answer-start");
}

Status check_classifies(const model::Model& model) {
  if (model.task() == model::Task::kClassification || model.task() == model::Task::kMultiLabel) return {};
  return usage_error("this " + model.model_type() + " model has no head that gives labels", "model",
                     "use a model that was trained to classify");
}

Session::Session(const model::Model& model, bool row_invariant) : model_(&model) {
  // Without the reservation the arena serves everything from the system; slower, still right.
  if (auto arena = Arena::create(kArenaBytes); arena.ok()) arena_ = std::move(*arena);
  context_.arena = &arena_;
  context_.pool = &storage_;
  context_.stream = &stream_;
  context_.backend = &kernels::cpu_backend();
  context_.dtype = model.dtype();
  context_.row_invariant = row_invariant;
}

Result<std::unique_ptr<Session>> Session::create(const model::Model& model, const SessionOptions& options) {
  std::unique_ptr<Session> session(new Session(model, options.row_invariant));
  size_t budget = options.state_bytes > 0 ? options.state_bytes : default_state_bytes();
  MALMOI_ASSIGN(session->pool_, nn::StatePool::create(model.backbone->states(), model.dtype(), budget, options.keys));
  return session;
}

Result<nn::SequenceState> Session::open() {
  if (pool_->layers().empty())
    return usage_error("this " + model_->model_type() + " model reads texts whole and cannot go on with one", "model",
                       "use a causal language model or an encoder-decoder");
  return pool_->open();
}

Status Session::read_source(nn::SequenceState& state, std::span<const int32_t> ids, int32_t adapter) {
  MALMOI_TRY(state.reserve_memory(static_cast<int64_t>(ids.size())));
  nn::BatchBuilder source;
  source.add({.ids = ids, .state = &state, .adapter = adapter});
  nn::Batch batch = source.batch();
  choose_adapters(batch);
  Var memory = model_->backbone->encode(context_, batch);
  model_->backbone->remember(context_, memory, batch);
  return stream_.sync();
}

void Session::append(nn::SequenceState& state, std::span<const int32_t> ids, int64_t wanted) {
  append({.ids = ids, .state = &state}, wanted);
}

void Session::append(nn::RunInput run, int64_t wanted) {
  run.first_position = static_cast<int32_t>(run.state->length());
  add(run, wanted);
}

void Session::add(const nn::RunInput& text, int64_t wanted, const nn::RunInput* source) {
  batch_.add(text);
  if (source) source_.add(*source);
  int64_t count = std::min(wanted, static_cast<int64_t>(text.ids.size()));
  for (int64_t row = batch_.rows() - count; row < batch_.rows(); ++row) wanted_.push_back(row);
}

void Session::forget() {
  batch_.clear();
  source_.clear();
  wanted_.clear();
  context_.row_adapters = {};
  context_.probe = nullptr;
}

// Of a model without adapters nobody asks.
void Session::choose_adapters(const nn::Batch& batch) {
  std::span<const int32_t> adapters = batch.adapters;
  bool one = std::ranges::all_of(adapters, [&](int32_t adapter) { return adapter == adapters[0]; });
  context_.row_adapters = one && !adapters.empty() ? adapters.first(1) : adapters;
}

// Forgets what was added, also where a pass ends by an error or an exception.
class Session::PassEnd {
 public:
  explicit PassEnd(Session& session) : session_(session) {}
  ~PassEnd() { session_.forget(); }

 private:
  Session& session_;
};

// Room is made for all sequences before anything is computed.
Result<Var> Session::forward() {
  logits_ = Tensor();
  nn::Batch batch = batch_.batch(), source = source_.batch();
  if (source.rows() > 0) batch.source = &source;
  choose_adapters(batch);
  for (size_t i = 0; i < batch.states.size(); ++i)
    MALMOI_TRY(batch.states[i]->reserve(batch.states[i]->length() + batch.runs[i].length));
  Var hidden = model_->backbone->forward(context_, batch);
  MALMOI_TRY(stream_.sync());
  for (size_t i = 0; i < batch.states.size(); ++i) batch.states[i]->advance(batch.runs[i].length);
  return hidden;
}

Tensor Session::chosen_rows(const Tensor& rows) {
  auto count = static_cast<int64_t>(wanted_.size());
  if (count == rows.shape().rows()) return rows;
  int64_t width = rows.shape().columns();
  if (context_.row_adapters.size() > 1) {
    wanted_adapters_.clear();
    for (int64_t row : wanted_) wanted_adapters_.push_back(context_.row_adapters[static_cast<size_t>(row)]);
    context_.row_adapters = wanted_adapters_;
  }
  Tensor chosen = context_.temporary(rows.dtype(), {count, width});
  size_t bytes = static_cast<size_t>(width) * dtype_size(rows.dtype());
  auto* to = static_cast<std::byte*>(chosen.data());
  for (int64_t row : wanted_) {
    std::memcpy(to, static_cast<const std::byte*>(rows.data()) + static_cast<size_t>(row) * bytes, bytes);
    to += bytes;
  }
  return chosen;
}

Result<std::span<const float>> Session::logits() {
  PassEnd end(*this);
  if (!model_->head)
    return usage_error("this " + model_->model_type() + " model has no head", "model", "use its hidden states");
  const model::Head& head = *model_->head;
  MALMOI_ASSIGN(Var hidden, forward());
  if (!head.row_for_each_run) {
    if (wanted_.empty()) return std::span<const float>();
    hidden.value = chosen_rows(hidden.value);
  }
  Var features = head.features(context_, std::move(hidden), batch_.batch());
  logits_ = model_->logits(context_, features.value);
  MALMOI_TRY(stream_.sync());
  return std::span<const float>(logits_.as<float>(), static_cast<size_t>(logits_.elements()));
}

Result<std::vector<float>> Session::hidden() {
  PassEnd end(*this);
  choose_adapters(batch_.batch());
  Var hidden = model_->backbone->encode(context_, batch_.batch());
  MALMOI_TRY(stream_.sync());
  if (!hidden) {  // there is no encoder apart
    MALMOI_ASSIGN(hidden, forward());
  }
  const Tensor& rows = hidden.value;
  std::vector<float> out(static_cast<size_t>(rows.elements()));
  convert(rows.data(), rows.dtype(), out.data(), DType::kF32, out.size());
  return out;
}

Status Session::watch(autograd::AttentionProbe& probe, bool of_encoder) {
  PassEnd end(*this);
  context_.probe = &probe;
  if (of_encoder) {
    choose_adapters(batch_.batch());
    const Var memory = model_->backbone->encode(context_, batch_.batch());
    MALMOI_TRY(stream_.sync());
    if (memory) return {};  // else there is no encoder apart
  }
  const auto ran = forward();
  return ran.ok() ? Status() : ran.error();
}

}  // namespace malmoi::infer
