// `malmoi data`: the subcommands of the data pipeline, one file each.
#include "cli/command.h"

namespace malmoi::cli {

void add_data(CLI::App& root, Invocation& invocation) {
  CLI::App* data = root.add_subcommand("data", "documents in, clean text out");
  data->footer("Example: malmoi data build --in docs/ --out corpus");
  data->require_subcommand(1);
  add_data_build(*data, invocation);
  add_data_extract(*data, invocation);
  add_data_crawl(*data, invocation);
  add_data_tokenize(*data, invocation);
  add_data_pack(*data, invocation);
  add_data_pii(*data, invocation);
  add_data_pairs(*data, invocation);
  add_data_dedup(*data, invocation);
  add_data_train_filter(*data, invocation);
  add_data_preview(*data, invocation);
  add_data_prefer(*data, invocation);
}

}  // namespace malmoi::cli
