// `malmoi tokenizer`: encode, decode, inspect, compare; training and importing stand in files of their own.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <iterator>

#include "app/data/json_lines.h"
#include "app/tokenizer/lines.h"
#include "app/tokenizer/open.h"
#include "app/tokenizer/report.h"
#include "base/file.h"
#include "base/shown.h"
#include "cli/command.h"
#include "cli/tokenizer_options.h"

namespace malmoi::cli {
namespace {

using tokenizer::Compat;
using tokenizer::Tokenizer;

struct Source {
  std::string tokenizer;
  std::string file = "-";
  Compat compat = Compat::kDefault;
};

void add_tokenizer_option(CLI::App& command, Source& source) {
  command
      .add_option("--tokenizer", source.tokenizer,
                  "folder with tokenizer.json, tokenizer.model, *.tiktoken, tekken.json or vocab.txt; such a file; a "
                  ".gguf; a name in $MALMOI_HOME")
      ->required();
  add_compat_option(command, source.compat);
}

void add_file_option(CLI::App& command, Source& source) {
  command.add_option("file", source.file, "lines (default: standard input)");
}

// Applies `transform(line, where)` to every line and prints what it returns, line by line, so that a pipe may talk to it.
template <typename Transform>
Status for_each_line(const std::string& file, Transform&& transform) {
  const std::string name = app::input_name(file);
  MALMOI_ASSIGN(app::RawLines lines, app::RawLines::open(file));
  app::LineSink out = stdout_lines();
  std::string_view line;
  while (true) {
    MALMOI_ASSIGN(bool more, lines.next(line));
    if (!more) return {};
    MALMOI_ASSIGN(std::string result, transform(line, name + ":" + std::to_string(lines.line_number())));
    MALMOI_TRY(out(result));
  }
}

void add_encode(CLI::App& parent, Invocation& invocation) {
  struct Options : Source {
    app::EncodeLineOptions line;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand("encode", "the ids of each line");
  command->footer("Example: echo '안녕하세요' | malmoi tokenizer encode --tokenizer runs/first/model --special");
  add_tokenizer_option(*command, *options);
  add_file_option(*command, *options);
  command->add_flag("--jsonl", options->line.jsonl,
                    "a line is a JSON string, or an array of two for a pair; a JSON array comes out");
  command->add_flag("--special", options->line.special, "add what the tokenizer puts around a text");
  command->add_flag("--plain", options->line.plain, "special tokens written in the text are text");
  command->add_flag("--offsets", options->line.offsets, "objects with ids, offsets (code points), mask, types");
  command->callback([&invocation, options] {
    invocation.run = [options]() -> Status {
      MALMOI_ASSIGN(Tokenizer tokenizer, app::open_tokenizer(options->tokenizer, options->compat));
      return for_each_line(options->file, [&](std::string_view line, const std::string& where) {
        return app::encode_line(tokenizer, line, options->line, where);
      });
    };
  });
}

void add_decode(CLI::App& parent, Invocation& invocation) {
  struct Options : Source {
    app::DecodeLineOptions line;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand("decode", "the text of each line of ids");
  command->footer("Example: echo '9906 1917' | malmoi tokenizer decode --tokenizer cl100k_base.tiktoken");
  add_tokenizer_option(*command, *options);
  add_file_option(*command, *options);
  command->add_flag("--jsonl", options->line.jsonl, "a line is a JSON array; a JSON string comes out");
  command->add_flag("--skip-special", options->line.skip_special, "leave special tokens out");
  command->callback([&invocation, options] {
    invocation.run = [options]() -> Status {
      MALMOI_ASSIGN(Tokenizer tokenizer, app::open_tokenizer(options->tokenizer, options->compat));
      return for_each_line(options->file, [&](std::string_view line, const std::string& where) {
        return app::decode_line(tokenizer, line, options->line, where);
      });
    };
  });
}

void add_inspect(CLI::App& parent, Invocation& invocation) {
  struct Options : Source {
    std::string text;
    bool json = false, special = false, plain = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand("inspect", "how a text is cut: pieces in colour, ids, offsets");
  command->footer("Example: malmoi tokenizer inspect --tokenizer runs/first/model '말모이는 우리말을 모은다'");
  add_tokenizer_option(*command, *options);
  CLI::Option* given = command->add_option("text", options->text, "the text (default: standard input)");
  command->add_flag("--special", options->special, "add what the tokenizer puts around a text");
  command->add_flag("--plain", options->plain, "special tokens written in the text are text");
  add_json_flag(*command, options->json);
  command->callback([&invocation, options, given] {
    invocation.run = [options, given]() -> Status {
      MALMOI_ASSIGN(Tokenizer tokenizer, app::open_tokenizer(options->tokenizer, options->compat));
      std::string text = options->text;
      if (given->count() == 0) text.assign(std::istreambuf_iterator<char>(std::cin), {});
      tokenizer::EncodeOptions encode{.add_special = options->special, .parse_special = !options->plain};
      if (options->json) print_json({{"tokens", app::to_json(app::inspect_text(tokenizer, text, encode))}});
      else fmt::print("{}", app::inspect_for_terminal(tokenizer, text, encode, isatty(STDOUT_FILENO) != 0));
      return {};
    };
  });
}

void print_comparison(const std::vector<app::TokenizerComparison>& rows) {
  size_t width = 24;
  for (const app::TokenizerComparison& row : rows) width = std::max(width, row.tokenizer.size());
  fmt::print("{:<{}} {:>8} {:>10} {:>11} {:>11} {:>11} {:>8} {:>8}\n", "tokenizer", width, "vocab", "tokens",
             "tokens/word", "tokens/char", "bytes/token", "unknown", "MB/s");
  for (const app::TokenizerComparison& row : rows) {
    fmt::print("{:<{}} {:>8} {:>10} {:>11.3f} {:>11.3f} {:>11.2f} {:>8} {:>8.1f}\n", show_controls(row.tokenizer),
               width, row.vocab_size, row.all.tokens, row.all.tokens_per_word(), row.all.tokens_per_character(),
               row.bytes_per_token(), row.unknown, row.mb_per_second());
    for (const auto& [script, fertility] : row.scripts)
      fmt::print("  {:<{}} {:>11.3f} {:>11.3f}\n", script, width + 18, fertility.tokens_per_word(),
                 fertility.tokens_per_character());
  }
}

void add_compare(CLI::App& parent, Invocation& invocation) {
  struct Options {
    std::vector<std::string> tokenizers;
    std::string file;
    Compat compat = Compat::kDefault;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      parent.add_subcommand("compare", "several tokenizers over one text: tokens, fertility, unknowns, speed");
  command->footer(
      "Example: malmoi tokenizer compare --tokenizer runs/first/model --tokenizer o200k_base.tiktoken korean.txt");
  command
      ->add_option("--tokenizer", options->tokenizers,
                   "a tokenizer's file or folder, or a name in $MALMOI_HOME; several times")
      ->required()
      ->expected(1)
      ->take_all();
  command->add_option("file", options->file, "the text; documents are apart by empty lines")->required();
  add_compat_option(*command, options->compat);
  add_json_flag(*command, options->json);
  command->callback([&invocation, options] {
    invocation.run = [options]() -> Status {
      MALMOI_ASSIGN(std::string text, read_file(options->file));
      if (text.find_first_not_of(" \t\r\n") == std::string::npos)
        return invalid_data("there is no text in it", options->file, "give a file with text");
      std::vector<app::TokenizerComparison> rows;
      for (const std::string& path : options->tokenizers) {
        MALMOI_ASSIGN(Tokenizer tokenizer, app::open_tokenizer(path, options->compat));
        rows.push_back(app::compare_one(tokenizer, path, text));
      }
      if (!options->json) {
        print_comparison(rows);
        return {};
      }
      Json all = Json::array();
      for (const app::TokenizerComparison& row : rows) all.push_back(to_json(row));
      print_json({{"tokenizers", std::move(all)}});
      return {};
    };
  });
}

// One line a subcommand.
constexpr AddCommand kSubcommands[] = {
    add_tokenizer_train, add_tokenizer_import, add_tokenizer_export, add_tokenizer_add,
    add_encode,          add_decode,           add_inspect,          add_compare,
};

}  // namespace

void add_compat_option(CLI::App& command, Compat& compat) {
  add_choice(command, "--compat", compat, {{"original", Compat::kOriginal}, {"llama.cpp", Compat::kLlamaCpp}},
             "whose rules a GGUF tokenizer follows throughout (default: llama.cpp's, but for BERT's normalisation and "
             "mpt's NFC)");
}

void add_tokenizer(CLI::App& root, Invocation& invocation) {
  CLI::App* command = root.add_subcommand("tokenizer", "train, import, run and compare tokenizers");
  command->require_subcommand(1);
  command->footer("Example: malmoi tokenizer encode --tokenizer runs/first/model lines.txt");
  for (AddCommand add : kSubcommands) add(*command, invocation);
}

}  // namespace malmoi::cli
