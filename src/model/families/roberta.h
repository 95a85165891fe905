// RoBERTa's model, for the families that are it under another name.
#pragma once

#include "model/families/bert_encoder.h"
#include "model/families/bert_gguf.h"

namespace malmoi::model {

/// Everything but the names of the classes; `vocab_size`: published, where a config leaves it out.
Parts make_roberta_parts(ConfigFields& fields, Task task, int64_t labels, int64_t vocab_size);

inline constexpr std::string_view kRobertaPrefixes[] = {"roberta."};
inline constexpr std::string_view kRobertaBuffers[] = {"embeddings.position_ids"};
inline constexpr std::string_view kRobertaPooler[] = {"pooler."};
inline constexpr std::string_view kRobertaHeads[] = {"lm_head.", "classifier.", "roberta.pooler.", "pooler.",
                                                     "qa_outputs."};
inline constexpr std::string_view kRobertaInert[] = {"output_past"};
inline constexpr Family::Alias kRobertaAliases[] = {{"lm_head.decoder.bias", "lm_head.bias"}};

/// In GGUF it is BERT: positions that nothing stands at are left out.
inline constexpr GgufName kRobertaGgufNames[] = {
    {"roberta.", ""}, {"embeddings.position_embeddings.", "position_embd.", GgufChange::kFromPadding}};
inline constexpr GgufDialect kRobertaGguf{.architecture = "bert",
                                          .read_as = "bert",
                                          .task = Task::kFeatures,
                                          .fields = kBertGgufFields,
                                          .names = kRobertaGgufNames,
                                          .shared = kBertGgufNames,
                                          .simplify =
                                              [](Json& config) {
                                                config["max_position_embeddings"] =
                                                    config["max_position_embeddings"].get<int64_t>() -
                                                    config["pad_token_id"].get<int64_t>() - 1;
                                              },
                                          .describe = describe_bert};

}  // namespace malmoi::model
