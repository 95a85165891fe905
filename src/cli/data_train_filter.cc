// `malmoi data train-filter`: makes the model of the quality, perplexity or boilerplate filter.
#include "app/data/train_filter.h"
#include "cli/command.h"

namespace malmoi::cli {

void add_data_train_filter(CLI::App& data, Invocation& invocation) {
  struct Options : app::TrainFilterOptions {
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = data.add_subcommand("train-filter", "make the model of a filter from documents");
  command->footer(
      "quality:     a classifier of good texts (--in) and bad ones (--bad)\n"
      "ngram:       a character n-gram model of the texts, for the filter `perplexity`\n"
      "boilerplate: the lines that stand in many documents\n"
      "Example: malmoi data train-filter quality --in wiki.jsonl --bad spam.jsonl --out quality.safetensors");
  command->add_option("kind", options->kind, "quality, ngram or boilerplate")
      ->required()
      ->check(CLI::IsMember({"quality", "ngram", "boilerplate"}));
  command->add_option("--in,--good", options->good, "documents: a corpus, files of any format, or folders")->required();
  command->add_option("--bad", options->bad, "bad documents, for quality");
  command->add_option("--out", options->out, "where the model goes (.safetensors)")->required();
  command->add_option("--min-documents", options->min_documents, "documents a line must stand in")
      ->capture_default_str();
  command->add_option("--order", options->order, "characters of an n-gram")
      ->check(CLI::Range(1, 12))
      ->capture_default_str();
  command->add_option("--memory", options->memory_bytes, "memory for sorting, e.g. 512MB")
      ->type_name("SIZE")  // no plain integer: 64MiB
      ->transform(CLI::AsSizeValue(false))
      ->default_str("1GiB");
  command->add_option("--scratch", options->scratch, "folder for what does not fit in memory (default: the system's)");
  add_json_flag(*command, options->json);
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] {
      return print_report(app::train_filter(*options, invocation.terminal.job()), options->json, 18);
    };
  });
}

}  // namespace malmoi::cli
