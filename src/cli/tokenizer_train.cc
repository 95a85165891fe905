// `malmoi tokenizer train`, `import`, `export`, `add`.
#include <fmt/format.h>

#include "app/tokenizer/train.h"
#include "cli/command.h"
#include "cli/tokenizer_options.h"

namespace malmoi::cli {
namespace {

using tokenizer::ByteOrder;
using tokenizer::Compat;
using tokenizer::TrainKind;

// The fields that are one value each; as JSON all of them.
void print_values(const Json& report, bool json) {
  Json values = Json::object();
  for (const auto& [key, value] : report.items())
    if (json || !value.is_object()) values[key] = value;
  print_fields(values, json, 18);
}

void print_fertility(const app::TokenizerComparison& comparison) {
  fmt::print("\n{:<14} {:>12} {:>12} {:>14}\n", "script", "words", "tokens/word", "tokens/char");
  for (const auto& [script, fertility] : comparison.scripts)
    fmt::print("{:<14} {:>12} {:>12.3f} {:>14.3f}\n", script, fertility.words, fertility.tokens_per_word(),
               fertility.tokens_per_character());
}

std::map<std::string, TrainKind> kinds_by_name() {
  std::map<std::string, TrainKind> kinds;
  for (const tokenizer::TrainKindName& kind : tokenizer::train_kinds()) kinds.emplace(kind.name, kind.kind);
  return kinds;
}

struct TrainFlags : app::TokenizerTraining {
  std::vector<std::string> specials;
  bool characters = false, no_fallback = false, json = false;
  std::optional<uint64_t> memory_mib;
};

void add_text_options(CLI::App& command, TrainFlags& flags) {
  command
      .add_option("--in", flags.inputs,
                  "files and folders of any format that data build reads, or a built corpus (its training part)")
      ->required();
  command.add_option("--out", flags.out, "folder of the tokenizer")->required();
  command.add_option("--columns", flags.columns, "the inputs are tables, and these columns hold the texts");
  command.add_flag("--lines", flags.lines, "every line of plain text is a text of its own, without its line break");
  command
      .add_option("--memory-limit", flags.memory_mib,
                  "MiB for word counts and learning (default 4096); counts beyond it "
                  "go to disk, words that do not fit learning are left out, and it is said")
      ->check(CLI::Range(1, 1 << 30));
}

void add_model_options(CLI::App& command, TrainFlags& flags) {
  tokenizer::TrainOptions& options = flags.options;
  add_choice(command, "--type", options.kind, kinds_by_name(), "bpe (default), unigram, wordpiece, wordlevel, char");
  command.add_option("--vocab-size", options.vocab_size, "pieces in all, special tokens included (default 8192)")
      ->check(CLI::Range(1, 268435455));
  command.add_option("--special", flags.specials,
                     "special tokens, in the order of their ids (default: the usual ones of the type)");
  command.add_option("--min-frequency", options.min_frequency, "rarer pairs are not merged, rarer words left out");
  command.add_option("--limit-alphabet", options.limit_alphabet,
                     "at most so many different characters, the most frequent");
  command
      .add_option("--coverage", options.character_coverage,
                  "characters that make up this part of the text get a piece (unigram: 0.9995)")
      ->check(CLI::Range(1e-6, 1.0));
  command.add_option("--max-piece-length", options.max_piece_length, "in characters (unigram: 16)")
      ->check(CLI::Range(1, 65535));
  command.add_flag("--characters", flags.characters,
                   "bpe: over characters, words marked by U+2581, instead of over bytes");
  command.add_flag("--no-byte-fallback", flags.no_fallback,
                   "characters without a piece become the unknown token, not bytes");
  add_choice(command, "--byte-order", options.byte_order,
             {{"printable", ByteOrder::kPrintable}, {"value", ByteOrder::kValue}},
             "bpe over bytes: how bytes are numbered, printable (default) or value");
  command
      .add_option("--shrinking-factor", options.shrinking_factor,
                  "unigram: the part of the pieces that a pruning keeps")
      ->check(CLI::Range(0.01, 0.99));
  command.add_option("--sub-iterations", options.sub_iterations, "unigram: EM steps between prunings")
      ->check(CLI::Range(1, 1000));
  command.add_option("--seed-size", options.seed_size, "unigram: substrings to begin with");
}

void add_word_options(CLI::App& command, TrainFlags& flags) {
  tokenizer::TrainOptions& options = flags.options;
  command.add_option("--pattern", options.pattern,
                     "bpe over bytes: gpt2, cl100k (default), o200k, llama3, qwen2 ... or a regular expression");
  command.add_option(
      "--normalization", options.normalization,
      "none (default), nfc, nfkc (damages Korean: kept for other languages), nmt_nfkc, or jamo (Hangul as "
      "conjoining jamo; decoded text stays decomposed)");
  command.add_flag("--lowercase", options.lowercase, "lower-case the text (wordpiece: BERT's uncased rules)");
  command.add_flag("--split-digits", options.split_digits, "every digit is a word of its own");
}

// Options that say nothing to a kind of tokenizer are wrong usage rather than left unheard.
Status check_options(const CLI::App& command, const TrainFlags& flags) {
  const TrainKind kind = flags.options.kind;
  const bool bpe = kind == TrainKind::kBpe, unigram = kind == TrainKind::kUnigram, bytes = bpe && !flags.characters;
  struct Rule {
    const char* option;
    bool heard;
    const char* of;
  };
  const Rule rules[] = {
      {"--pattern", bytes, "bpe over bytes"},
      {"--byte-order", bytes, "bpe over bytes"},
      {"--characters", bpe, "bpe"},
      {"--no-byte-fallback", unigram || (bpe && !bytes), "unigram, and for bpe with --characters"},
      {"--min-frequency", !unigram, "all types but unigram"},
      {"--max-piece-length", bpe || unigram || kind == TrainKind::kWordPiece, "bpe, unigram and wordpiece"},
      {"--limit-alphabet", !bytes && kind != TrainKind::kWordLevel, "types over characters"},
      {"--coverage", !bytes && kind != TrainKind::kWordLevel, "types over characters"},
      {"--shrinking-factor", unigram, "unigram"},
      {"--sub-iterations", unigram, "unigram"},
      {"--seed-size", unigram, "unigram"},
  };
  for (const Rule& rule : rules)
    if (!rule.heard && command.count(rule.option) > 0)
      return usage_error(fmt::format("this is for {}", rule.of), rule.option, "leave it out");
  return {};
}

Status run_train(const CLI::App& command, const std::shared_ptr<TrainFlags>& flags, Invocation& invocation) {
  MALMOI_TRY(check_options(command, *flags));
  tokenizer::TrainOptions& options = flags->options;
  if (!flags->specials.empty()) options.special_tokens = flags->specials;
  if (flags->memory_mib) options.memory_limit = *flags->memory_mib << 20;
  options.byte_level = !flags->characters;
  options.byte_fallback = !flags->no_fallback;
  MALMOI_ASSIGN(app::TokenizerTrained trained, app::train_tokenizer(*flags, invocation.terminal.job()));
  invocation.terminal.finish();
  if (trained.skipped > 0) invocation.exit_code = 3;
  print_values(to_json(trained), flags->json);
  if (!flags->json) print_fertility(trained.fertility);
  return {};
}

}  // namespace

void add_tokenizer_train(CLI::App& parent, Invocation& invocation) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command = parent.add_subcommand("train", "learn a vocabulary from text");
  command->footer(
      "Exit code 3: done, but some inputs could not be read.\n"
      "Example: malmoi tokenizer train --in corpus/ --type bpe --vocab-size 32000 --out runs/tokenizer");
  add_text_options(*command, *flags);
  add_model_options(*command, *flags);
  add_word_options(*command, *flags);
  add_json_flag(*command, flags->json);
  add_threads_option(*command);
  command->callback([&invocation, command, flags] {
    invocation.run = [&invocation, command, flags] { return run_train(*command, flags, invocation); };
  });
}

void add_tokenizer_import(CLI::App& parent, Invocation& invocation) {
  struct Flags {
    std::string from, out;
    Compat compat = Compat::kDefault;
    bool json = false, nearest = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = parent.add_subcommand("import", "write any tokenizer as a folder with tokenizer.json");
  command->footer("Example: malmoi tokenizer import model.gguf --out tokenizers/llama");
  command
      ->add_option(
          "from", flags->from,
          "tokenizer.json, .model, .tiktoken, tekken.json, vocab.txt, .gguf, a folder, or a name in $MALMOI_HOME")
      ->required();
  command->add_option("--out", flags->out, "the folder to write")->required();
  command->add_flag("--nearest", flags->nearest,
                    "of a SentencePiece model that tokenizer.json cannot hold exactly, write the nearest");
  add_compat_option(*command, flags->compat);
  add_json_flag(*command, flags->json);
  command->callback([&invocation, flags] {
    invocation.run = [flags]() -> Status {
      MALMOI_ASSIGN(app::TokenizerWritten written,
                    app::import_tokenizer(flags->from, flags->compat, flags->out, flags->nearest));
      print_values(to_json(written), flags->json);
      return {};
    };
  });
}

void add_tokenizer_export(CLI::App& parent, Invocation& invocation) {
  struct Flags {
    std::string from, to, out;
    Compat compat = Compat::kDefault;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = parent.add_subcommand("export", "write a tokenizer in another library's format");
  command->footer("Example: malmoi tokenizer export --tokenizer runs/tokenizer --to tiktoken --out runs/tiktoken");
  command->add_option("--tokenizer", flags->from, "the tokenizer's folder or file, or a name in $MALMOI_HOME")
      ->required();
  command->add_option("--to", flags->to, "json or tiktoken (a folder), sentencepiece (a .model file)")
      ->required()
      ->check(CLI::IsMember({"json", "tiktoken", "sentencepiece"}));
  add_compat_option(*command, flags->compat);
  command->add_option("--out", flags->out, "the folder or file to write")->required();
  add_json_flag(*command, flags->json);
  command->callback([&invocation, flags] {
    invocation.run = [flags]() -> Status {
      MALMOI_ASSIGN(app::TokenizerWritten written,
                    app::export_tokenizer(flags->from, flags->compat, flags->to, flags->out));
      print_values(to_json(written), flags->json);
      return {};
    };
  });
}

void add_tokenizer_add(CLI::App& parent, Invocation& invocation) {
  struct Flags {
    std::string from, out;
    Compat compat = Compat::kDefault;
    std::vector<std::string> specials, tokens;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = parent.add_subcommand("add", "add tokens to a tokenizer; their ids follow its largest");
  command->footer(
      "Example: malmoi tokenizer add --tokenizer runs/tokenizer --special '<|im_start|>' --special '<|im_end|>' --out "
      "runs/chat");
  command->add_option("--tokenizer", flags->from, "the tokenizer's folder or file, or a name in $MALMOI_HOME")
      ->required();
  command->add_option("--special", flags->specials, "special tokens");
  command->add_option("--token", flags->tokens, "other tokens");
  add_compat_option(*command, flags->compat);
  command->add_option("--out", flags->out, "the folder to write")->required();
  add_json_flag(*command, flags->json);
  command->callback([&invocation, flags] {
    invocation.run = [flags]() -> Status {
      MALMOI_ASSIGN(app::TokensAdded report,
                    app::add_to_tokenizer(flags->from, flags->compat, flags->specials, flags->tokens, flags->out));
      print_values(to_json(report), flags->json);
      if (!flags->json)
        for (const auto& [token, id] : report.added) fmt::print("{:<18} {}\n", id, token);
      return {};
    };
  });
}

}  // namespace malmoi::cli
