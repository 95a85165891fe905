// LSTM (Hochreiter & Schmidhuber 1997; Gers et al. 2000) language model: gates i, f, g, o; c = f c + i g, h = o tanh(c).
#include "model/families/recurrent_lm.h"

namespace malmoi::model::lstm {
namespace {

Parts make(ConfigFields& fields, Task, int64_t) { return make_recurrent_lm(fields, kernels::RecurrentCell::kLstm); }

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "LstmForCausalLM"}};

}  // namespace

extern const Family family{.model_type = "lstm",
                           .classes = kClasses,
                           .make = make,
                           .head_prefixes = kRecurrentHeads,
                           .inert = kRecurrentInert};

}  // namespace malmoi::model::lstm
