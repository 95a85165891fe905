// mT5 (Xue et al. 2021): the later T5 for many languages; its outputs are never scaled.
#include "model/families/t5.h"
#include "model/families/t5_gguf.h"

namespace malmoi::model::mt5 {
namespace {

constexpr T5Defaults kDefaults{.vocab_size = 250112,
                               .d_ff = 1024,
                               .num_layers = 8,
                               .num_heads = 6,
                               .feed_forward_proj = "gated-gelu",
                               .tied = false,
                               .scales = false,
                               .encoder_class = "MT5EncoderModel"};
constexpr ModelClass kClasses[] = {{Task::kSeq2Seq, "MT5ForConditionalGeneration"},
                                   {Task::kFeatures, "MT5Model"},
                                   {Task::kFeatures, "MT5EncoderModel"}};
// In GGUF it is T5: one of which the head is the table of words would be read as the first, whose outputs are scaled.
constexpr GgufDialect kGguf{.architecture = "t5",
                            .read_as = "t5",
                            .task = Task::kSeq2Seq,
                            .fields = kT5GgufFields,
                            .names = kT5GgufNames,
                            .simplify = [](Json& config) { config["scale_decoder_outputs"] = false; },
                            .describe = describe_t5};

}  // namespace

extern const Family family{.model_type = "mt5",
                           .classes = kClasses,
                           .make = [](ConfigFields& f, Task task, int64_t) { return make_t5(f, task, kDefaults); },
                           .aliases = kT5Aliases,
                           .head_prefixes = kT5Heads,
                           .buffers = kT5Buffers,
                           .inert = kT5Inert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::mt5
