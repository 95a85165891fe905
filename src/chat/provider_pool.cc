#include "chat/provider_pool.h"

#include <chrono>
#include <future>
#include <utility>

#include "chat/pool_core.h"

namespace malmoi::chat {

ProviderPool::ProviderPool(std::vector<PooledModel> models, PoolOptions options)
    : core_(std::make_shared<Core>(std::move(models), options)),
      wait_seconds_(options.wait_seconds),
      thread_([core = core_.get()] { core->run(); }) {}

ProviderPool::~ProviderPool() {
  core_->drain(0);
  thread_.join();
  core_->end();
}

ModelInfo ProviderPool::info() const { return core_->models().front(); }

std::vector<ModelInfo> ProviderPool::models() const { return core_->models(); }

std::vector<ModelStatus> ProviderPool::status() const {
  std::vector<ModelStatus> all;
  for (Core::Seen& seen : core_->see()) all.push_back(std::move(seen.status));
  return all;
}

void ProviderPool::hold(const std::string& model, HeldSink done, StopToken cancel) {
  core_->hold(model, std::move(done), std::move(cancel));
}

Status ProviderPool::try_again(const std::string& model) { return core_->try_again(model); }

Status ProviderPool::unload(const std::string& model) { return core_->unload(model); }

void ProviderPool::look_again() { core_->look_again(); }

Result<HeldProvider> ProviderPool::wait_for(const std::string& model) const {
  auto told = std::make_shared<std::promise<Result<HeldProvider>>>();
  std::future<Result<HeldProvider>> held = told->get_future();
  StopSource gone;
  core_->hold(
      model, [told](Result<HeldProvider> answer) { told->set_value(std::move(answer)); }, gone.token());
  if (held.wait_for(std::chrono::duration<double>(wait_seconds_)) == std::future_status::ready) return held.get();
  gone.request();
  return Error{ErrorCode::kCancelled, "the model is still being loaded", "model", "try again later"};
}

Result<GenerationRequest> ProviderPool::prepare(GenerationRequest request) const {
  MALMOI_ASSIGN(HeldProvider held, wait_for(request.model));
  MALMOI_ASSIGN(request, held->prepare(std::move(request)));
  request.held = std::move(held);
  return request;
}

// The sink keeps the version until the last answer is told.
Status ProviderPool::generate(GenerationRequest request, TokenSink sink) {
  HeldProvider held = std::move(request.held);
  if (!held) {
    MALMOI_ASSIGN(held, wait_for(request.model));
  }
  Provider& provider = *held;
  return provider.generate(std::move(request),
                           [held, sink = std::move(sink)](const TokenEvent& event) { return sink(event); });
}

ProviderStats ProviderPool::stats() const {
  ProviderStats sum;
  for (const Core::Seen& seen : core_->see()) sum += seen.status.stats;
  return sum;
}

Status ProviderPool::health() const {
  Status broken;
  for (const Core::Seen& seen : core_->see()) {
    if (!seen.serves) continue;
    Status whole = seen.versions.back()->health();
    if (whole.ok()) return {};
    if (broken.ok()) broken = std::move(whole);
  }
  return broken;
}

void ProviderPool::drain(double seconds) { core_->drain(seconds); }

Result<std::vector<TokenPiece>> ProviderPool::tokenize(const TokenizeRequest& request) const {
  MALMOI_ASSIGN(const HeldProvider held, wait_for(""));
  return held->tokenize(request);
}

Result<std::string> ProviderPool::detokenize(std::span<const int32_t> ids) const {
  MALMOI_ASSIGN(const HeldProvider held, wait_for(""));
  return held->detokenize(ids);
}

Result<std::string> ProviderPool::render(GenerationRequest request) const {
  MALMOI_ASSIGN(const HeldProvider held, wait_for(request.model));
  return held->render(std::move(request));
}

Result<Embeddings> ProviderPool::embed(const EmbeddingRequest& request) const {
  MALMOI_ASSIGN(const HeldProvider held, wait_for(request.model));
  return held->embed(request);
}

Result<Attention> ProviderPool::attention(const AttentionRequest& request) const {
  MALMOI_ASSIGN(const HeldProvider held, wait_for(request.model));
  return held->attention(request);
}

Result<FilledGaps> ProviderPool::fill(const FillRequest& request) const {
  MALMOI_ASSIGN(const HeldProvider held, wait_for(request.model));
  return held->fill(request);
}

Result<ClassifiedText> ProviderPool::classify(const ClassifyRequest& request) const {
  MALMOI_ASSIGN(const HeldProvider held, wait_for(request.model));
  return held->classify(request);
}

}  // namespace malmoi::chat
