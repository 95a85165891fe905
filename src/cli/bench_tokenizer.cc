// `malmoi bench tokenizer`.
#include "app/bench/tokenizer.h"

#include "cli/command.h"

namespace malmoi::cli {

void add_bench_tokenizer(CLI::App& bench, Invocation& invocation) {
  auto options = std::make_shared<app::BenchTokenizerOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = bench.add_subcommand("tokenizer", "encoding the documents of a file");
  command->footer("Example: malmoi bench tokenizer --tokenizer runs/first/model --file korean.txt --threads 1 --json");
  command->add_option("--tokenizer", options->tokenizer, "a tokenizer's file or folder, or a name in $MALMOI_HOME")
      ->required();
  command->add_option("--file", options->file, "the text; documents are apart by empty lines")->required();
  command->add_option("--repeat", options->repeat, "counted runs, after one that is not")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_flag("--whole", options->whole, "the file as one document");
  command->add_flag("--hard", options->hard, "and texts that take a bad tokenizer long, as times of the file");
  add_threads_option(*command);
  add_json_flag(*command, *json);
  command->callback([&invocation, options, json] {
    invocation.run = [options, json] { return print_report(app::bench_tokenizer(*options), *json, kFigureWidth); };
  });
}

}  // namespace malmoi::cli
