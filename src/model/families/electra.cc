// ELECTRA (Clark et al. 2020): BERT's encoder over narrower embeddings; a generator that fills masked words, and a
// discriminator that says of each token whether it was put in place of another.
#include <algorithm>
#include <cmath>

#include "model/families/bert_encoder.h"

namespace malmoi::model::electra {
namespace {

EncoderHeadSpec head_of(const BertConfig& c, Task task, int64_t labels, nn::WeightSlot* words) {
  if (task == Task::kMaskedLm)
    return {.dense = "generator_predictions.dense",
            .dense_width = c.embedding_size,
            .activation = kernels::Activation::kGelu,  // whatever hidden_act says
            .norm = "generator_predictions.LayerNorm",
            .norm_spec = c.norm(c.embedding_size),
            .output = "generator_lm_head",
            .outputs = c.vocab_size,
            .words = c.tie_word_embeddings ? words : nullptr,
            .std = c.initializer_range};
  if (task == Task::kDiscrimination)
    return {.dense = "discriminator_predictions.dense",
            .activation = c.hidden_act,
            .output = "discriminator_predictions.dense_prediction",
            .outputs = 1,
            .std = c.initializer_range};
  if (task == Task::kClassification)
    return {.pooling = Pooling::kFirst,
            .dropout = c.classifier_dropout,
            .dense = "classifier.dense",
            .activation = kernels::Activation::kGelu,
            .output_dropout = c.classifier_dropout,
            .output = "classifier.out_proj",
            .outputs = labels,
            .std = c.initializer_range};
  return token_head(task, labels, task == Task::kQuestionAnswering ? 0 : c.classifier_dropout, c.initializer_range);
}

Parts make(ConfigFields& f, Task task, int64_t labels) {
  BertConfig c =
      read_bert_fields(f, "electra", {.hidden_size = 256, .num_attention_heads = 4, .intermediate_size = 1024});
  c.embedding_size = f.size("embedding_size", {128, c.hidden_size});
  if (f.failed()) return {};
  return make_bert_parts(c, task, [&](nn::WeightSlot* words) { return head_of(c, task, labels, words); });
}

// A discriminator's generator: as deep, with fewer heads of the same width, over embeddings of the same width (section 3.2 and
// the published configs).
Json generator_of(const Json& config, double size) {
  auto field = [&](const char* key) { return config[key].get<int64_t>(); };
  auto scaled = [&](int64_t whole) { return std::max<int64_t>(std::llround(size * static_cast<double>(whole)), 1); };
  const int64_t heads = field("num_attention_heads"), fewer = scaled(heads);
  Json generator = config;
  generator["num_attention_heads"] = fewer;
  generator["hidden_size"] = fewer * (field("hidden_size") / heads);
  generator["intermediate_size"] = scaled(field("intermediate_size"));
  return generator;
}

constexpr ModelClass kClasses[] = {{Task::kDiscrimination, "ElectraForPreTraining"},
                                   {Task::kMaskedLm, "ElectraForMaskedLM"},
                                   {Task::kClassification, "ElectraForSequenceClassification"},
                                   {Task::kTokenClassification, "ElectraForTokenClassification"},
                                   {Task::kQuestionAnswering, "ElectraForQuestionAnswering"},
                                   {Task::kFeatures, "ElectraModel"}};
constexpr std::string_view kPrefixes[] = {"electra."};
constexpr std::string_view kBuffers[] = {"embeddings.position_ids"};
constexpr std::string_view kHeads[] = {"generator_predictions.", "generator_lm_head.", "discriminator_predictions.",
                                       "classifier.", "qa_outputs."};
// Of the summary that only a choice among several texts makes.
constexpr std::string_view kInert[] = {"summary_type", "summary_use_proj", "summary_activation", "summary_last_dropout",
                                       "summary_first_dropout"};

}  // namespace

extern const Family family{.model_type = "electra",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .head_prefixes = kHeads,
                           .buffers = kBuffers,
                           .inert = kInert,
                           .companion = generator_of};

}  // namespace malmoi::model::electra
