// Several models behind one provider: loaded when they are asked for, given up for others when memory is wanted, replaced
// while they answer.
//
// Of each model one version is served. Requests hold the version that they began with: what takes its place waits beside it
// until they are done. So an answer's tokens do not depend on what is loaded, given up or replaced meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/job.h"
#include "chat/provider.h"

namespace malmoi::chat {

/// A model as a pool is given it. Its functions are called from the pool's thread alone, one at a time.
struct PooledModel {
  ModelInfo info;                          // as far as it is known before it is loaded
  std::vector<std::string> adapters = {};  // names of models over its weights
  bool pinned = false;                     // once loaded, it is given up for no other
  /// Bytes that it will take in memory.
  std::function<Result<size_t>()> measure = {};
  std::function<Result<std::shared_ptr<Provider>>()> load = {};
  /// Tells versions of its files apart. Empty: nothing is known, or no model stands there now.
  std::function<std::string()> version = {};
};

struct PoolOptions {
  size_t memory = SIZE_MAX;       // bytes of all models loaded, by what `measure` says
  size_t most_loaded = SIZE_MAX;  // models
  double room_seconds =
      300;  // for answers of another model to end, where that is to make room, and somebody waits for it
  double wait_seconds = 300;  // for a model to be loaded, where a call of Provider waits for it
  double look_seconds = 1;    // between two looks at files
  double quiet_seconds = 2;   // that files must have stayed as they are before they are read: they come one by one
  double retry_seconds = 5;   // before a model that could not be loaded is tried again; twice as long each time
  double longest_retry = 300;
  LineReceiver message = {};  // told what is loaded and given up, from the pool's thread
  LineReceiver warn = {};     // and what could not be loaded
};

/// Requests go to the model that they name, tokenize() and detokenize() to the first. All but hold() wait until it is loaded. What
/// was held is let go before the pool ends.
class ProviderPool : public Provider {
 public:
  /// Names are all different; there is at least one model, the first, which requests mean that name none.
  ProviderPool(std::vector<PooledModel> models, PoolOptions options);
  ~ProviderPool() override;  // drain(0)

  ModelInfo info() const override;
  std::vector<ModelInfo> models() const override;
  void hold(const std::string& model, HeldSink done, StopToken cancel = {}) override;
  std::vector<ModelStatus> status() const override;
  Status try_again(const std::string& model) override;
  Status unload(const std::string& model) override;
  /// Looks at the files of all loaded models at once, and forgets what could not be loaded.
  void look_again();

  Result<GenerationRequest> prepare(GenerationRequest request) const override;
  Status generate(GenerationRequest request, TokenSink sink) override;
  /// Of all models together, since the pool began.
  ProviderStats stats() const override;
  Status health() const override;
  void drain(double seconds) override;
  Result<std::vector<TokenPiece>> tokenize(const TokenizeRequest& request) const override;
  Result<std::string> detokenize(std::span<const int32_t> ids) const override;
  Result<std::string> render(GenerationRequest request) const override;
  Result<Embeddings> embed(const EmbeddingRequest& request) const override;
  Result<Attention> attention(const AttentionRequest& request) const override;
  Result<FilledGaps> fill(const FillRequest& request) const override;
  Result<ClassifiedText> classify(const ClassifyRequest& request) const override;

 private:
  class Core;
  Result<std::shared_ptr<Provider>> wait_for(const std::string& model) const;

  std::shared_ptr<Core> core_;  // also of what is held
  double wait_seconds_;
  std::thread thread_;
};

}  // namespace malmoi::chat
