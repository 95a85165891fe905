#include "cli/sampling_options.h"

namespace malmoi::cli {

void add_sampling_options(CLI::App& command, app::GenerateOptions& o) {
  command.add_option("--max-tokens", o.max_tokens, "tokens to generate at the most")
      ->check(CLI::Range(int64_t{0}, INT64_MAX));
  command.add_option("--temperature", o.sampling.temperature, "0: always the most probable");
  command.add_option("--top-k", o.sampling.top_k, "keep the k most probable; 0: all");
  command.add_option("--top-p", o.sampling.top_p, "keep the fewest that reach this probability");
  command.add_option("--min-p", o.sampling.min_p, "keep those of at least this share of the largest");
  command.add_option("--repetition-penalty", o.sampling.repetition_penalty,
                     "above 1: tokens already in the text become less likely");
  command.add_option("--seed", o.sampling.seed, "of the draws");
  command.add_option("--stop", o.stop, "a text that ends the answer (may be repeated)");
  command.add_flag("--ignore-eos", o.ignore_eos, "go on after the end of text");
}

}  // namespace malmoi::cli
