// Texts as points of a space in which those of like meaning lie close: what is asked of a provider, and what it gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace malmoi::chat {

/// What a text is embedded for; some models put other words before questions than before what is searched.
enum class EmbeddingPurpose { kAny, kQuery, kDocument };

struct EmbeddingInput {
  std::variant<std::string, std::vector<int32_t>> text;  // or its ids
  EmbeddingPurpose purpose = EmbeddingPurpose::kAny;
};

// Limits of one request: its work cannot be stopped by a client that goes away.
constexpr size_t kMaxEmbeddingInputs = 2048;
constexpr int64_t kMaxEmbeddingTokens = 1 << 18;  // of all its texts
constexpr int64_t kLongestEmbedded = 8192;        // tokens of one text, where the model's context is not shorter

struct EmbeddingRequest {
  std::string model;  // by the name that its ModelInfo has; empty: the provider's first
  std::vector<EmbeddingInput> inputs;
  int64_t dimensions = 0;       // the first of each vector, which is scaled again; 0: all
  const char* field = "input";  // at fault where a text is too long
};

struct Embeddings {
  std::vector<std::vector<float>> vectors;  // of length 1, one an input
  int64_t tokens = 0;                       // that were read
};

}  // namespace malmoi::chat
