// Whoever answers: a model on this machine, or another one reached from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "chat/embedding.h"
#include "chat/explore.h"
#include "chat/generation.h"
#include "chat/tokenize.h"

namespace malmoi::chat {

struct ModelInfo {
  std::string name;            // by which requests call it
  int64_t created = 0;         // seconds since 1970
  int64_t context_length = 0;  // tokens of a prompt and its answer together
  SamplingOptions defaults;    // where a request says nothing
  std::string architecture;    // as its published config names it; empty: not known
  int64_t parameters = 0;      // 0: not known
  bool takes_tools = false;    // conversations may offer it functions
  bool thinks = false;         // its answers to conversations may begin with thoughts
};

/// What a provider does now, and has done since it began.
struct ProviderStats {
  int64_t running = 0, waiting = 0;  // answers
  int64_t prompt_tokens = 0, generated_tokens = 0;
  int64_t cached_tokens = 0;  // of the prompts' tokens, those that had been read for another request
  int64_t draft_tokens = 0, accepted_draft_tokens = 0;  // ahead of the answers (speculative decoding)
  size_t state_bytes = 0;                               // memory of the answers under way, and of prompts that are kept
  size_t state_budget = 0;                              // that they may take; 0: there is no such bound
};

/// Of several providers together.
ProviderStats& operator+=(ProviderStats& sum, const ProviderStats& more);

/// Where a model is between its files and its answers.
enum class ModelState { kUnloaded, kLoading, kLoaded, kFailed };
/// `unloaded`, `loading` ...
const char* state_name(ModelState state);

/// What is known of a model beside what clients need.
struct ModelStatus {
  ModelInfo info = {};
  std::vector<std::string> adapters = {};  // names of models over its weights
  ModelState state = ModelState::kLoaded;
  std::string problem = {};  // why it, or its new version, could not be loaded, or why it is refused; empty: nothing
  bool refused = false;      // it is loaded, and broken: its requests are refused until it is loaded anew
  bool pinned = false;       // stays in memory
  size_t bytes = 0;          // that it takes in memory, its versions together
  int64_t requests = 0;      // that hold it now
  int64_t last_used = 0;     // seconds since 1970; 0: never
  int64_t versions = 1;      // in memory: an older one beside the new one has answers to end
  ProviderStats stats = {};
};

class Provider;
/// Told what answers for a model, or why nothing does.
using HeldSink = std::function<void(Result<std::shared_ptr<Provider>> held)>;

/// All functions may be called from any thread.
class Provider {
 public:
  virtual ~Provider() = default;

  virtual ModelInfo info() const = 0;
  /// All models that requests may name: info() first, then what stands beside it (adapters).
  virtual std::vector<ModelInfo> models() const { return {info()}; }
  /// What answers requests for one model (empty: the first), for as long as somebody has it: its weights stay as they are
  /// then, whatever becomes of its files. `done` is called once, now or, where the model is loaded first, on a thread of the
  /// provider's; it must not block. Once `cancel` is requested nobody waits for it any more, and it may never be called. Errors: no
  /// such model; one that cannot be loaded; a provider that is stopping.
  virtual void hold(const std::string& model, HeldSink done, StopToken cancel = {});
  /// Each model without its adapters.
  virtual std::vector<ModelStatus> status() const;
  /// Forgets that a model could not be loaded: it is tried again when it is next asked for. Errors: no such model.
  virtual Status try_again(const std::string& model);
  /// Takes a model out of memory once its answers are whole; it is loaded when it is next asked for. Errors: no such model;
  /// one that stays.
  virtual Status unload(const std::string& model);
  /// The request as generate() would begin with it, so that it can be refused, or counted, before anything runs: where the
  /// provider has the tokenizer, its prompt as ids. May take as long as reading the prompt. Errors: a prompt that it cannot
  /// read.
  virtual Result<GenerationRequest> prepare(GenerationRequest request) const;
  /// Begins to answer and returns; of a prepared request, at once. `sink` is told every answer to its end, unless it wants
  /// no more. Errors: a request that cannot run, a provider that is stopping; the sink is not called then.
  virtual Status generate(GenerationRequest request, TokenSink sink) = 0;
  virtual ProviderStats stats() const = 0;
  /// Whether it can answer at all, of several models, for any of those that are loaded. Errors: what was broken since it began, until that
  /// is loaded anew.
  virtual Status health() const { return {}; }
  /// Refuses new requests and returns when those running are done, or cancelled once `seconds` have passed.
  virtual void drain(double seconds) = 0;

  /// Without `with_pieces` the ids alone are filled in. Errors: a provider without a tokenizer.
  virtual Result<std::vector<TokenPiece>> tokenize(const TokenizeRequest& request) const;
  /// The text of ids. Errors: as tokenize().
  virtual Result<std::string> detokenize(std::span<const int32_t> ids) const;
  /// The text that an answer to a conversation would go on with. Errors: a provider without the template; as prepare().
  virtual Result<std::string> render(GenerationRequest request) const;
  /// Takes as long as reading the texts. Errors: a provider without embeddings; a text that is empty or too long, more of them
  /// than kMaxEmbeddingTokens, more dimensions than there are.
  virtual Result<Embeddings> embed(const EmbeddingRequest& request) const;

  /// Looks into the model (chat/explore.h); each takes as long as reading the text, classify() many times that. Errors: a model
  /// that is not of that kind, or not here; a text that is empty, too long, or has no gap; a layer or head that is not there.
  virtual Result<Attention> attention(const AttentionRequest& request) const;
  virtual Result<FilledGaps> fill(const FillRequest& request) const;
  virtual Result<ClassifiedText> classify(const ClassifyRequest& request) const;
};

}  // namespace malmoi::chat
