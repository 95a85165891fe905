// BERT (Devlin et al. 2019): an encoder that reads a text in both directions, with a norm behind each sum.
#include "model/families/bert_encoder.h"
#include "model/families/bert_gguf.h"

namespace malmoi::model::bert {
namespace {

// Masked words: a dense layer, an activation and a norm before the table of words. Texts: the pooler, tanh of a dense layer
// over the first token.
EncoderHeadSpec head_of(const BertConfig& c, Task task, int64_t labels, nn::WeightSlot* words) {
  if (task == Task::kMaskedLm)
    return {.dense = "cls.predictions.transform.dense",
            .activation = c.hidden_act,
            .norm = "cls.predictions.transform.LayerNorm",
            .norm_spec = c.norm(c.hidden_size),
            .output = "cls.predictions.decoder",
            .outputs = c.vocab_size,
            .tied_bias = "cls.predictions.bias",
            .words = c.tie_word_embeddings ? words : nullptr,
            .std = c.initializer_range};
  if (task == Task::kClassification)
    return {.pooling = Pooling::kFirst,
            .dense = "bert.pooler.dense",
            .activation = kernels::Activation::kTanh,
            .output_dropout = c.classifier_dropout,
            .output = "classifier",
            .outputs = labels,
            .std = c.initializer_range};
  return token_head(task, labels, task == Task::kQuestionAnswering ? 0 : c.classifier_dropout, c.initializer_range);
}

Parts make(ConfigFields& f, Task task, int64_t labels) {
  BertConfig c = read_bert_fields(f, "bert", {});
  if (f.failed()) return {};
  return make_bert_parts(c, task, [&](nn::WeightSlot* words) { return head_of(c, task, labels, words); });
}

constexpr ModelClass kClasses[] = {{Task::kMaskedLm, "BertForMaskedLM"},
                                   {Task::kClassification, "BertForSequenceClassification"},
                                   {Task::kTokenClassification, "BertForTokenClassification"},
                                   {Task::kQuestionAnswering, "BertForQuestionAnswering"},
                                   {Task::kFeatures, "BertModel"},
                                   {Task::kMaskedLm, "BertForPreTraining"}};
constexpr std::string_view kPrefixes[] = {"bert."};
constexpr Family::Alias kAliases[] = {{"LayerNorm.weight", "LayerNorm.gamma"},
                                      {"LayerNorm.bias", "LayerNorm.beta"},
                                      {"cls.predictions.decoder.bias", "cls.predictions.bias"}};
constexpr std::string_view kBuffers[] = {"embeddings.position_ids"};
// Of the original code, which had poolers of other kinds, too.
constexpr std::string_view kInert[] = {
    "output_past",          "directionality",       "pooler_fc_size", "pooler_num_attention_heads",
    "pooler_num_fc_layers", "pooler_size_per_head", "pooler_type"};
constexpr std::string_view kPooler[] = {"pooler."};
constexpr std::string_view kHeads[] = {"cls.", "classifier.", "bert.pooler.", "pooler.", "qa_outputs."};

constexpr std::string_view kGgufInert[] = {"attention.causal", "pooling_type"};

constexpr GgufDialect kGguf{.architecture = "bert",
                            .task = Task::kFeatures,  // such files are for embeddings: they hold no head
                            .fields = kBertGgufFields,
                            .names = kBertGgufNames,
                            .inert = kGgufInert,
                            .derive =
                                [](Json& config, const formats::Gguf& file) {
                                  const formats::GgufTensor* types = file.tensor("token_types.weight");
                                  if (types && types->dims.size() == 2) config["type_vocab_size"] = types->dims[1];
                                },
                            .describe = describe_bert};

}  // namespace

extern const Family family{.model_type = "bert",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .aliases = kAliases,
                           .head_prefixes = kHeads,
                           .unread_parts = kPooler,
                           .buffers = kBuffers,
                           .inert = kInert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::bert
