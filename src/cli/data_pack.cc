// `malmoi data tokenize` and `malmoi data pack`.
#include <fmt/format.h>

#include "app/data/pack.h"
#include "base/counted.h"
#include "cli/command.h"

namespace malmoi::cli {

void add_data_tokenize(CLI::App& data, Invocation& invocation) {
  struct Options : app::DataTokenizeOptions {
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = data.add_subcommand("tokenize", "a corpus to flat ids on disk");
  command->footer(
      "Writes NAME.bin (u16 or u32 ids), NAME.ends (document ends) and NAME.json.\n"
      "Example: malmoi data tokenize --tokenizer tok --in corpus --split train --out train.bin");
  command->add_option("--tokenizer", options->tokenizer, "a tokenizer's folder or file, or a name in $MALMOI_HOME")
      ->required();
  command->add_option("--in", options->in, "corpora, .jsonl, .txt (also .zst)")->required()->expected(1, -1);
  command->add_option("--split", options->split, "of corpora")
      ->check(CLI::IsMember({"train", "valid", "test"}))
      ->capture_default_str();
  command->add_option("--out", options->out, "NAME.bin")->required();
  command->add_flag("!--no-end", options->end_of_text, "no end-of-text id after each document");
  add_json_flag(*command, options->json);
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options]() -> Status {
      MALMOI_ASSIGN(app::TokenizeReport report, app::data_tokenize(*options, invocation.terminal.job()));
      invocation.terminal.finish(fmt::format("{}, {} -> {}", counted(report.documents, "document"),
                                             counted(report.tokens, "token"), options->out));
      if (options->json) print_json(to_json(report));
      return {};
    };
  });
}

void add_data_pack(CLI::App& data, Invocation& invocation) {
  struct Options : app::DataPackOptions {
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = data.add_subcommand("pack", "flat ids to sequences of one length, best-fit");
  command->footer(
      "Writes rows of N ids to OUT.bin and OUT.mask (1 where the next id counts as a target): train with format: ids,\n"
      "order: sequential, loss_mask: [OUT.mask]. Documents are not run into one another.\n"
      "Example: malmoi data pack train.bin --sequence-length 1024 --out packed.bin");
  command->add_option("tokens", options->in, "NAME.bin, as data tokenize writes it")->required();
  command->add_option("--sequence-length", options->sequence_length, "ids in a sequence")
      ->check(CLI::Range(2, 1 << 24))
      ->capture_default_str();
  command->add_option("--pad", options->pad, "the id that fills up (default: the end of text)");
  command->add_option("--out", options->out, "NAME.bin")->required();
  add_json_flag(*command, options->json);
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options]() -> Status {
      MALMOI_ASSIGN(data::PackStats stats, app::data_pack(*options));
      invocation.terminal.job().message(fmt::format("{}, {} of {} positions are padding",
                                                    counted(stats.sequences, "sequence"), stats.padding,
                                                    stats.padding + stats.tokens));
      if (options->json) print_json(app::to_json(stats));
      return {};
    };
  });
}

}  // namespace malmoi::cli
