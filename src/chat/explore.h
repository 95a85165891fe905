// A look into a model: which tokens attend to which, what may stand in a text's gaps, which label a text has and why. What is asked
// of a provider, and what it gives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "chat/tokenize.h"

namespace malmoi::chat {

/// Tokens of a text that is looked at: attention has the square of them in numbers, and no client that goes away ends the work.
constexpr int64_t kMostExplored = 512;

enum class AttentionKind {
  kSelf,     // of a text's tokens to one another; of encoder-decoders in what the decoder has written
  kCross,    // of what the decoder has written to what the encoder reads
  kEncoder,  // in what the encoder reads
};

using TextOrIds = std::variant<std::string, std::vector<int32_t>>;

struct AttentionRequest {
  std::string model;                     // by the name that its ModelInfo has; empty: the provider's first
  std::optional<TextOrIds> text = {};    // of encoder-decoders what the decoder has written; none: nothing yet
  std::optional<TextOrIds> source = {};  // encoder-decoders: what the encoder reads
  AttentionKind kind = AttentionKind::kSelf;
  std::optional<int64_t> layer = {};  // from 0; none: the first that has attention
  int64_t head = -1;                  // from 0; -1: the mean over all
};

struct Attention {
  std::vector<AttentionKind> kinds;       // that the model has
  int64_t layers = 0;                     // of the side whose attention it is
  std::vector<int64_t> attention_layers;  // those of them that have such attention
  int64_t layer = 0, heads = 0;           // that is told, and its heads; 0: the layer has no attention
  std::vector<TokenPiece> tokens;         // of the text
  std::vector<TokenPiece> source_tokens;  // of the source; empty: there is none
  /// Of each token that looks, how much it looks at each other one. A row's sum is 1, less what a sink takes.
  std::vector<std::vector<float>> weights;
};

struct FillRequest {
  std::string model;
  std::string text;  // with the vocabulary's mask where a word is to be found
  int64_t top = 20;  // words for each gap
};

/// What may stand in a gap.
struct GapWord {
  int32_t id = 0;
  std::string text;  // what it reads as alone
  double probability = 0;
  std::string bytes = {};  // that the token stands for: the text is made of them, unless they are a part of a character
};

struct FilledGaps {
  std::string mask;                        // the token that stands for a gap, as the vocabulary spells it
  std::vector<std::vector<GapWord>> gaps;  // of each gap, the most probable first
  std::string text;                        // with the most probable word in each
};

struct ClassifyRequest {
  std::string model;
  std::string text;
  std::optional<std::string> pair = {};  // a second text, for models that read two together
};

/// Why a text has its label: of the chosen label's logit, the share of each token of the text.
struct LabelExplanation {
  struct Share {
    TokenPiece token;
    double share = 0;
  };
  std::vector<Share> tokens;
  double difference = 0, gap = 0;  // what all shares are to add up to, and what they lack of it
};

struct ClassifiedText {
  struct Label {
    std::string name;
    double probability = 0;
  };
  std::vector<Label> labels;  // in the model's order
  std::string chosen;         // the most probable
  /// Of a model that says yes or no to each label: those that are more probable than not.
  std::optional<std::vector<std::string>> held;
  std::optional<LabelExplanation> explanation;  // none: the text is too long, or the weights are not f32
};

}  // namespace malmoi::chat
