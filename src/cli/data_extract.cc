// `malmoi data extract`: the text of files, a JSON line a document.
#include <fmt/format.h>

#include "app/data/extract.h"
#include "cli/command.h"

namespace malmoi::cli {

void add_data_extract(CLI::App& data, Invocation& invocation) {
  struct Options : app::DataExtractOptions {
    bool markdown = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = data.add_subcommand("extract", "the main text of files, a JSON line a document");
  command->footer(
      "Lines: path, encoding, language, title, text; where nothing can be had, an empty text and \"dropped\" with the "
      "reason.\n"
      "Exit code 3: some documents could not be read.\n"
      "Example: malmoi data extract page.html report.pdf book.epub");
  command->add_option("file", options->files, "files or folders")->required()->expected(1, -1);
  command->add_flag("--markdown", options->markdown, "mark headings, lists, tables and code");
  command->add_flag("--whole-page", options->whole_page, "of HTML everything that is shown, not the main content");
  command->callback([&invocation, options] {
    invocation.run = [options, &invocation]() -> Status {
      options->format = options->markdown ? data::TextFormat::kMarkdown : data::TextFormat::kPlain;
      Result<app::DataExtractCounts> counts = app::data_extract(*options, [](const Json& line) { print_json(line); });
      if (!counts.ok()) return std::move(counts).error();
      if (counts->failed > 0) invocation.exit_code = 3;
      return {};
    };
  });
}

}  // namespace malmoi::cli
