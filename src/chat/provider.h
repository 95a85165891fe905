// Whoever answers: a model on this machine, or another one reached from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "chat/embedding.h"
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

/// All functions may be called from any thread.
class Provider {
 public:
  virtual ~Provider() = default;

  virtual ModelInfo info() const = 0;
  /// All models that requests may name: info() first, then what stands beside it (adapters).
  virtual std::vector<ModelInfo> models() const { return {info()}; }
  /// The request as generate() would begin with it, so that it can be refused, or counted, before anything runs: where the
  /// provider has the tokenizer, its prompt as ids. May take as long as reading the prompt. Errors: a prompt that it cannot
  /// read.
  virtual Result<GenerationRequest> prepare(GenerationRequest request) const;
  /// Begins to answer and returns; of a prepared request, at once. `sink` is told every answer to its end, unless it wants
  /// no more. Errors: a request that cannot run, a provider that is stopping; the sink is not called then.
  virtual Status generate(GenerationRequest request, TokenSink sink) = 0;
  virtual ProviderStats stats() const = 0;
  /// Whether it can answer at all. Errors: what was broken since it began, for good.
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
};

}  // namespace malmoi::chat
