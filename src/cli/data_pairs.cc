// `malmoi data pairs`: aligned paragraphs out of two trees of documents.
#include "app/data/pairs.h"

#include "cli/command.h"

namespace malmoi::cli {

void add_data_pairs(CLI::App& data, Invocation& invocation) {
  auto options = std::make_shared<app::PairsOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = data.add_subcommand("pairs", "aligned paragraphs of two trees of documents with the same names");
  command->footer("Example: malmoi data pairs --source help/ko --target help/en --out pairs");
  command->add_option("--source", options->source, "the folder of the one language")->required();
  command->add_option("--target", options->target, "the folder of the other language")->required();
  command->add_option("--out", options->out, "the folder of train.jsonl, valid.jsonl and test.jsonl")->required();
  command->add_option("--valid-fraction", options->valid_fraction, "of the pairs")->check(CLI::Range(0.0, 0.9));
  command->add_option("--test-fraction", options->test_fraction, "of the pairs")->check(CLI::Range(0.0, 0.9));
  add_json_flag(*command, *json);
  command->callback([&invocation, options, json] {
    invocation.run = [&invocation, options, json] {
      constexpr int kWidth = 14;
      return print_report(app::make_pairs(*options, invocation.terminal.job()), *json, kWidth);
    };
  });
}

}  // namespace malmoi::cli
