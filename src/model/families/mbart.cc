// mBART (Liu et al. 2020): BART with a norm before each part and one behind the last, for many languages. An answer begins
// with the token of its language: the config's, or the one that whoever asks names.
#include "model/families/bart_layers.h"

namespace malmoi::model::mbart {
namespace {

Parts make(ConfigFields& f, Task task, int64_t labels) {
  return make_bart<nn::PreNormBlock<nn::Mlp>, nn::CrossBlock<nn::Mlp>, BartPositions::kLearned>(
      f, task, labels, {.decoder_start_token_id = -1});
}

constexpr ModelClass kClasses[] = {{Task::kSeq2Seq, "MBartForConditionalGeneration"},
                                   {Task::kClassification, "MBartForSequenceClassification"},
                                   {Task::kFeatures, "MBartModel"}};
constexpr std::string_view kPrefixes[] = {"model."};

}  // namespace

extern const Family family{.model_type = "mbart",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .aliases = kBartAliases,
                           .head_prefixes = kBartHeads,
                           .buffers = kBartBuffers,
                           .inert = kBartInert};

}  // namespace malmoi::model::mbart
