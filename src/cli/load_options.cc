#include "cli/load_options.h"

#include "cli/command.h"

namespace malmoi::cli {

void add_load_options(CLI::App& command, app::LoadChoice& load) {
  add_dtype_option(command, load.dtype);
  command
      .add_option(
          "--quantize-at-load", load.packed,
          "matrices of a model that is not packed take fewer bits in memory: q8_0, q5_1, q5_0, q4_1, q4_0 or nf4")
      ->check(CLI::IsMember({"q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "nf4"}));
}

void add_key_type_option(CLI::App& command, nn::KeyType& keys) {
  add_choice(command, "--kv-cache-dtype", keys, {{"model", nn::KeyType::kModel}, {"q8_0", nn::KeyType::kQ8_0}},
             "what is kept of the tokens that were read: in the model's type, or in 8 bits, q8_0");
}

}  // namespace malmoi::cli
