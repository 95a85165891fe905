// What a classifier says of a text, and what each of its tokens adds to that.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "chat/explore.h"
#include "infer/attribution.h"
#include "infer/session.h"
#include "tokenizer/encoded_text.h"

namespace malmoi::infer {

/// Of each label, in the model's order: softmax of a model that chooses one, a sigmoid each of one that says yes or no to each.
std::vector<double> label_probabilities(const model::Model& model, std::span<const float> logits);

/// The label of the largest logit.
size_t chosen_label(std::span<const float> logits);

/// Of a model that says yes or no to each label: those that are more probable than not.
std::vector<std::string> held_labels(const model::Model& model, std::span<const float> logits);

/// The share of each token of a text in a label's logit, against a text of what stands for nothing: the mask, else padding, else
/// the unknown token. `most_steps`: see AttributionOptions. Errors: as attribute().
struct TokenShares {
  struct Share {
    int32_t id = 0;
    double share = 0;
  };
  std::vector<Share> tokens;       // without what the tokenizer puts around a text
  double difference = 0, gap = 0;  // see Attribution
};
Result<TokenShares> token_shares(model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                 const tokenizer::EncodedText& text, size_t label,
                                 int64_t most_steps = AttributionOptions().most_steps);

/// All of it, for a text of a request. Explained where its weights are f32 and it has at most chat::kMostExplored tokens, with
/// so many steps as that many rows allow. `session`: of `model`.
Result<chat::ClassifiedText> classify(Session& session, model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                      const tokenizer::EncodedText& text);

}  // namespace malmoi::infer
