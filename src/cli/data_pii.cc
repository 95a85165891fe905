// `malmoi data pii`: finds personal data in JSON lines, and replaces it if told to.
#include <fmt/format.h>

#include "app/data/pii.h"
#include "base/counted.h"
#include "base/file.h"
#include "cli/command.h"

namespace malmoi::cli {

void add_data_pii(CLI::App& data, Invocation& invocation) {
  struct Options : app::DataPiiOptions {
    std::string report;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = data.add_subcommand("pii", "find personal data in JSON lines; --replace hides it");
  command->footer(
      "Lines with \"text\" in; the same lines with \"spans\" out: [[start, end, TYPE]] in code points of the text as "
      "it came.\n"
      "Types: RRN ARN BRN DRIVER PASSPORT PHONE CARD ACCOUNT EMAIL IP ADDRESS\n"
      "Example: malmoi data pii --replace mails.jsonl > clean.jsonl");
  command->add_option("file", options->input, "JSON lines, plain or zstd (default: standard input)");
  command->add_flag("--replace", options->replace, "replace what is found in \"text\"");
  command->add_option("--action", options->action, "placeholder ([PHONE]), pseudonym ([PHONE_3f9a1c02]) or remove")
      ->check(CLI::IsMember({"placeholder", "pseudonym", "remove"}))
      ->capture_default_str();
  command->add_option("--key-file", options->key_file, "secret key of pseudonyms: the same value, the same name");
  command->add_option("--types", options->types, "only these types, separated by commas")->delimiter(',');
  command->add_option("--report", options->report, "write counts by type to this JSON file");
  add_threads_option(*command);
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options]() -> Status {
      const Job& job = invocation.terminal.job();
      MALMOI_ASSIGN(app::PiiReport report, app::data_pii(*options, stdout_lines(), job));
      if (!options->report.empty()) MALMOI_TRY(write_file(options->report, dump_json(to_json(report), 2) + "\n"));
      job.message(fmt::format("{}, {} with personal data", counted(report.counts.documents, "document"),
                              report.counts.documents_with_pii));
      return {};
    };
  });
}

}  // namespace malmoi::cli
