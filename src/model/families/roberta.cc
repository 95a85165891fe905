// RoBERTa (Liu et al. 2019): BERT with positions that pass over padding, and heads without BERT's pooler.
#include "model/families/roberta.h"

namespace malmoi::model {
namespace {

EncoderHeadSpec head_of(const BertConfig& c, Task task, int64_t labels, nn::WeightSlot* words) {
  if (task == Task::kMaskedLm)
    return {.dense = "lm_head.dense",
            .activation = kernels::Activation::kGelu,  // whatever hidden_act says
            .norm = "lm_head.layer_norm",
            .norm_spec = c.norm(c.hidden_size),
            .output = "lm_head.decoder",
            .outputs = c.vocab_size,
            .tied_bias = "lm_head.bias",
            .words = c.tie_word_embeddings ? words : nullptr,
            .std = c.initializer_range};
  if (task == Task::kClassification)
    return {.pooling = Pooling::kFirst,
            .dropout = c.classifier_dropout,
            .dense = "classifier.dense",
            .activation = kernels::Activation::kTanh,
            .output_dropout = c.classifier_dropout,
            .output = "classifier.out_proj",
            .outputs = labels,
            .std = c.initializer_range};
  return token_head(task, labels, task == Task::kQuestionAnswering ? 0 : c.classifier_dropout, c.initializer_range);
}

}  // namespace

Parts make_roberta_parts(ConfigFields& f, Task task, int64_t labels, int64_t vocab_size) {
  constexpr int32_t kPadding = 1;
  BertConfig c = read_bert_fields(f, "roberta",
                                  {.vocab_size = vocab_size, .pad_token_id = kPadding, .new_pad_token_id = kPadding});
  c.positions_pass_over_padding = true;
  if (c.pad_token_id < 0)
    f.fail("pad_token_id", "is missing, but positions count on from it", "set it to the id of the padding token");
  else if (c.max_positions() < 1)
    f.fail("max_position_embeddings", "leaves no position behind pad_token_id", "make it larger");
  if (f.failed()) return {};
  return make_bert_parts(c, task, [&](nn::WeightSlot* words) { return head_of(c, task, labels, words); });
}

}  // namespace malmoi::model

namespace malmoi::model::roberta {
namespace {

Parts make(ConfigFields& f, Task task, int64_t labels) { return make_roberta_parts(f, task, labels, 50265); }

constexpr ModelClass kClasses[] = {{Task::kMaskedLm, "RobertaForMaskedLM"},
                                   {Task::kClassification, "RobertaForSequenceClassification"},
                                   {Task::kTokenClassification, "RobertaForTokenClassification"},
                                   {Task::kQuestionAnswering, "RobertaForQuestionAnswering"},
                                   {Task::kFeatures, "RobertaModel"}};

}  // namespace

extern const Family family{.model_type = "roberta",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kRobertaPrefixes,
                           .aliases = kRobertaAliases,
                           .head_prefixes = kRobertaHeads,
                           .unread_parts = kRobertaPooler,
                           .buffers = kRobertaBuffers,
                           .inert = kRobertaInert,
                           .positions_follow_padding = true,
                           .gguf = &kRobertaGguf};

}  // namespace malmoi::model::roberta
