// XLM-RoBERTa (Conneau et al. 2020): RoBERTa of a hundred languages, under its own names of classes.
#include "model/families/roberta.h"

namespace malmoi::model::xlm_roberta {
namespace {

Parts make(ConfigFields& f, Task task, int64_t labels) { return make_roberta_parts(f, task, labels, 30522); }

constexpr ModelClass kClasses[] = {{Task::kMaskedLm, "XLMRobertaForMaskedLM"},
                                   {Task::kClassification, "XLMRobertaForSequenceClassification"},
                                   {Task::kTokenClassification, "XLMRobertaForTokenClassification"},
                                   {Task::kQuestionAnswering, "XLMRobertaForQuestionAnswering"},
                                   {Task::kFeatures, "XLMRobertaModel"}};

}  // namespace

extern const Family family{.model_type = "xlm-roberta",
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

}  // namespace malmoi::model::xlm_roberta
