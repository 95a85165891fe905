// `malmoi data dedup`: finds near duplicates among JSON lines.
#include <fmt/format.h>

#include "app/data/dedup.h"
#include "base/counted.h"
#include "base/file.h"
#include "cli/command.h"

namespace malmoi::cli {

void add_data_dedup(CLI::App& data, Invocation& invocation) {
  struct Options : app::DataDedupOptions {
    std::string report;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = data.add_subcommand("dedup", "find near duplicates among JSON lines");
  command->footer(
      "Lines with \"text\" in; the same lines with \"cluster\" out: the 0-based line that stands for it (a line alone\n"
      "names itself). Pairs are joined whose sets of word 5-grams have a Jaccard index of at least the threshold, "
      "after\n"
      "NFC, lower-casing and collapsing white space.\n"
      "Example: malmoi data dedup --threshold 0.8 pages.jsonl > marked.jsonl");
  command->add_option("file", options->input, "JSON lines, plain or zstd (default: standard input)");
  command->add_option("--threshold", options->threshold, "Jaccard index from which two texts are one")
      ->capture_default_str();
  command->add_option("--ngram", options->ngram, "words an n-gram")->capture_default_str();
  command->add_flag("--unique", options->keep_best_only, "write only the lines that stand for themselves");
  command->add_option("--memory", options->memory_bytes, "memory for sorting, e.g. 512MB")
      ->type_name("SIZE")  // no plain integer: 64MiB
      ->transform(CLI::AsSizeValue(false))
      ->default_str("1GiB");
  command->add_option("--scratch", options->scratch, "folder for what does not fit in memory (default: the system's)");
  command->add_option("--report", options->report, "write counts and samples of joined pairs to this JSON file");
  add_threads_option(*command);
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options]() -> Status {
      const Job& job = invocation.terminal.job();
      MALMOI_ASSIGN(app::DedupReport report, app::data_dedup(*options, stdout_lines(), job));
      if (!options->report.empty()) MALMOI_TRY(write_file(options->report, dump_json(to_json(report), 2) + "\n"));
      job.message(fmt::format("{}, {} in {}", counted(report.documents, "document"),
                              counted(report.duplicates, "duplicate"), counted(report.clusters, "cluster")));
      return {};
    };
  });
}

}  // namespace malmoi::cli
