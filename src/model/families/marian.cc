// Marian (Junczys-Dowmunt et al. 2018) as Opus-MT trains it: the original Transformer, with positions of sines and cosines
// and, where languages differ much, a vocabulary for each side.
#include "model/families/bart_layers.h"

namespace malmoi::model::marian {
namespace {

Parts make(ConfigFields& f, Task task, int64_t labels) {
  return make_bart<nn::PostNormBlock<nn::Mlp>, nn::PostNormCrossBlock<nn::Mlp>, BartPositions::kSinusoidal>(
      f, task, labels,
      {.vocab_size = 58101,
       .pad_token_id = 58100,
       .eos_token_id = 0,
       .decoder_start_token_id = 58100,
       .separate_vocabularies = true,
       .classifies = false});
}

constexpr ModelClass kClasses[] = {{Task::kSeq2Seq, "MarianMTModel"}, {Task::kFeatures, "MarianModel"}};
constexpr std::string_view kPrefixes[] = {"model."};

}  // namespace

extern const Family family{.model_type = "marian",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .aliases = kBartAliases,
                           .head_prefixes = kBartHeads,
                           .buffers = kBartBuffers,
                           .inert = kBartInert};

}  // namespace malmoi::model::marian
