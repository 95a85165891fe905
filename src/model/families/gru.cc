// GRU (Cho et al. 2014) language model: gates r, z, n, with r behind the product as torch.nn.GRU has it; h = (1 - z) n + z h.
#include "model/families/recurrent_lm.h"

namespace malmoi::model::gru {
namespace {

Parts make(ConfigFields& fields, Task, int64_t) { return make_recurrent_lm(fields, kernels::RecurrentCell::kGru); }

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "GruForCausalLM"}};

}  // namespace

extern const Family family{
    .model_type = "gru", .classes = kClasses, .make = make, .head_prefixes = kRecurrentHeads, .inert = kRecurrentInert};

}  // namespace malmoi::model::gru
