// tiktoken's .tiktoken files and Mistral's tekken.json: ranks of byte strings, a pattern, special tokens.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

#include "base/base64.h"
#include "base/json.h"
#include "tokenizer/import/importers.h"
#include "tokenizer/import/rust_pattern.h"
#include "tokenizer/json/json_read.h"
#include "tokenizer/json/usual_steps.h"
#include "tokenizer/models/bpe.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/pipeline/fast_path.h"

namespace malmoi::tokenizer {
namespace {

// What a pattern.json says.
struct Surroundings {
  std::string pattern;
  std::vector<std::pair<std::string, int32_t>> specials;
};

// Files that carry the names under which they are published need no pattern.json.
struct Published {
  std::string_view file, pattern;
  std::vector<std::pair<std::string, int32_t>> specials;
};
const std::vector<Published>& published() {
  static const std::vector<Published> table = {
      {"r50k_base.tiktoken", "gpt2", {{"<|endoftext|>", 50256}}},
      {"p50k_base.tiktoken", "gpt2", {{"<|endoftext|>", 50256}}},
      {"cl100k_base.tiktoken",
       "cl100k",
       {{"<|endoftext|>", 100257},
        {"<|fim_prefix|>", 100258},
        {"<|fim_middle|>", 100259},
        {"<|fim_suffix|>", 100260},
        {"<|endofprompt|>", 100276}}},
      {"o200k_base.tiktoken", "o200k", {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}}},
  };
  return table;
}

// tiktoken decodes all ids, special ones too: it knows no skipping.
class TiktokenDecoder final : public IdDecoder {
 public:
  TiktokenDecoder(const Vocabulary& vocabulary, const std::vector<std::pair<std::string, int32_t>>& specials) {
    for (int32_t id = 0; id < vocabulary.id_limit(); ++id) {
      std::string bytes;
      if (vocabulary.has(id) && unspell_bytes(vocabulary.spelling(id), bytes)) bytes_.add(bytes, id);
    }
    for (const auto& [content, id] : specials) special_.emplace(id, content);
  }
  std::string decode(std::span<const int32_t> ids, bool /*skip_special*/) const override {
    std::string out;
    for (int32_t id : ids) out += token_bytes(id);
    return out;
  }
  std::string token_bytes(int32_t id) const override {
    auto special = special_.find(id);
    return special != special_.end() ? special->second : std::string(bytes_.spelling(id));
  }

 private:
  Vocabulary bytes_;
  std::unordered_map<int32_t, std::string> special_;
};

// The pattern as tiktoken reads it, written for the engine that reads tokenizer.json.
class TiktokenPreTokenizer final : public PreTokenizer, public PatternCut {
 public:
  TiktokenPreTokenizer(std::unique_ptr<PreTokenizer> steps, std::string_view pattern)
      : steps_(std::move(steps)), spelled_(oniguruma_spelling(pattern)) {}
  void apply(Draft& draft) const override { steps_->apply(draft); }
  bool needs_source() const override { return steps_->needs_source(); }
  bool ends_in_bytes() const override { return steps_->ends_in_bytes(); }
  const CoveringPattern* only_pattern() const override { return tokenizer::only_pattern(steps_.get()); }
  Status write_json(std::string& out) const override {
    out += fmt::format(R"({{"type":"Sequence","pretokenizers":[{},{}]}})", isolating_split_step(spelled_),
                       kByteSpellingStep);
    return {};
  }

 private:
  std::unique_ptr<PreTokenizer> steps_;
  std::string spelled_;
};

// Byte-level pieces with ids as ranks: the model, cut by a pattern.
Result<Tokenizer> assemble(Vocabulary vocabulary, const Surroundings& around, std::string_view where) {
  auto parts = std::make_unique<Tokenizer::Parts>();
  parts->origin = "tiktoken";
  MALMOI_ASSIGN(std::shared_ptr<const Pattern> pattern, Pattern::compile(around.pattern, Dialect::kRust));
  std::vector<std::unique_ptr<PreTokenizer>> steps;
  steps.push_back(make_split(std::move(pattern)));
  steps.push_back(make_byte_spelling());
  parts->pre_tokenizer = std::make_unique<TiktokenPreTokenizer>(make_sequence(std::move(steps)), around.pattern);
  parts->decoder = make_byte_level_decoder();
  BpeOptions options;
  for (const auto& [content, id] : around.specials) {
    if (id < 0 || id > Vocabulary::kMaxId)
      return invalid_data(fmt::format("the special token \"{}\" has the id {}", content, id), std::string(where),
                          "ids are from 0 to 268435455");
    parts->added.add({.id = id, .content = content, .special = true});
    if (content == "<|endoftext|>" || content == "</s>") parts->eos = id;
  }
  parts->id_decoder = std::make_unique<TiktokenDecoder>(vocabulary, around.specials);
  options.vocabulary = std::move(vocabulary);
  options.merge_by_id = true;
  MALMOI_ASSIGN(parts->model, make_bpe(std::move(options), where));
  return Tokenizer(std::move(parts));
}

Result<Surroundings> read_surroundings(std::string_view text, std::string_view where) {
  MALMOI_ASSIGN(Json json, parse_json(text, std::string(where)));
  Surroundings around;
  if (!json.is_object() || !json.contains("pattern") || !json["pattern"].is_string())
    return invalid_data("there is no text under \"pattern\"", std::string(where),
                        "give {\"pattern\": ..., \"special_tokens\": {...}}");
  around.pattern = json["pattern"].get<std::string>();
  if (!json.contains("special_tokens")) return around;
  const Json& specials = json["special_tokens"];
  if (!specials.is_object())
    return invalid_data("special_tokens is no object of ids", std::string(where), "give {\"<|name|>\": id}");
  for (const auto& [content, id] : specials.items()) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() > Vocabulary::kMaxId)
      return invalid_data("a special token has no valid id", fmt::format("{}: special_tokens.{}", where, content),
                          "ids are from 0 to 268435455");
    around.specials.emplace_back(content, id.get<int32_t>());
  }
  return around;
}

// The rank lines. An id or a token given twice is refused: merging would depend on which counts.
Result<Vocabulary> read_ranks(std::string_view text, std::string_view where) {
  Vocabulary vocabulary;
  vocabulary.reserve(static_cast<size_t>(std::count(text.begin(), text.end(), '\n')), text.size());
  size_t line_number = 0;
  while (!text.empty()) {
    ++line_number;
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    auto bad = [&](const char* what) {
      return invalid_data(what, fmt::format("{}:{}", where, line_number), "each line is base64, a space and a rank");
    };
    size_t space = line.find(' ');
    if (space == std::string_view::npos) return bad("there is no rank");
    std::string bytes;
    if (!decode_base64(line.substr(0, space), bytes) || bytes.empty()) return bad("the token is no base64");
    int32_t rank = -1;
    auto [rest, error] = std::from_chars(line.data() + space + 1, line.data() + line.size(), rank);
    if (error != std::errc() || rest != line.data() + line.size() || rank < 0 || rank > Vocabulary::kMaxId)
      return bad("the rank is no number from 0 to 268435455");
    std::string spelled = spell_bytes(bytes);
    if (vocabulary.has(rank)) return bad("the rank stands twice");
    if (vocabulary.find(spelled)) return bad("the token stands twice");
    // The table of ids is as long as the largest: a file may not ask for more than a few times its lines.
    if (static_cast<size_t>(rank) > 64 * (vocabulary.size() + line_number + 4096))
      return bad("the rank is far beyond the number of lines");
    vocabulary.add(spelled, rank);
  }
  if (vocabulary.size() == 0) return invalid_data("there are no ranks", std::string(where), "give a .tiktoken file");
  return vocabulary;
}

// Mistral's special tokens, by id, where tekken.json does not list them.
constexpr std::array<std::string_view, 20> kTekkenSpecials = {"<unk>",
                                                              "<s>",
                                                              "</s>",
                                                              "[INST]",
                                                              "[/INST]",
                                                              "[AVAILABLE_TOOLS]",
                                                              "[/AVAILABLE_TOOLS]",
                                                              "[TOOL_RESULTS]",
                                                              "[/TOOL_RESULTS]",
                                                              "[TOOL_CALLS]",
                                                              "[IMG]",
                                                              "<pad>",
                                                              "[IMG_BREAK]",
                                                              "[IMG_END]",
                                                              "[PREFIX]",
                                                              "[MIDDLE]",
                                                              "[SUFFIX]",
                                                              "[SYSTEM_PROMPT]",
                                                              "[/SYSTEM_PROMPT]",
                                                              "[TOOL_CONTENT]"};

Status read_tekken_vocabulary(simdjson::dom::array entries, int64_t limit, int64_t shift, std::string_view where,
                              Vocabulary& vocabulary) {
  int64_t index = 0;
  for (simdjson::dom::element entry : entries) {
    if (index >= limit) break;
    auto bad = [&](const char* what) {
      return invalid_data(what, fmt::format("{}: vocab[{}]", where, index), "the file is damaged; get it again");
    };
    int64_t rank = 0;
    std::string_view encoded;
    if (entry["rank"].get(rank) || entry["token_bytes"].get(encoded))
      return bad("an entry has no rank or no token_bytes");
    if (rank < 0 || rank >= limit) return bad("the rank is beyond the vocabulary");
    std::string bytes;
    if (!decode_base64(encoded, bytes) || bytes.empty()) return bad("token_bytes is no base64");
    std::string spelled = spell_bytes(bytes);
    auto id = static_cast<int32_t>(rank + shift);
    if (vocabulary.has(id) || vocabulary.find(spelled)) return bad("the entry stands twice");
    vocabulary.add(spelled, id);
    ++index;
  }
  return {};
}

}  // namespace

Result<Tokenizer> tiktoken_tokenizer(std::string_view ranks, std::string_view pattern_json, std::string_view where,
                                     std::string_view pattern_where) {
  MALMOI_ASSIGN(Surroundings around, read_surroundings(pattern_json, pattern_where));
  MALMOI_ASSIGN(Vocabulary vocabulary, read_ranks(ranks, where));
  return assemble(std::move(vocabulary), around, where);
}

Result<Tokenizer> load_tiktoken(const Path& file, Compat /*compat*/) {
  MALMOI_ASSIGN(MappedFile bytes, MappedFile::open(file));
  const Path beside = file.parent_path() / "pattern.json";
  std::error_code ignored;
  if (std::filesystem::exists(beside, ignored)) {
    MALMOI_ASSIGN(std::string pattern, read_file(beside, 16 << 20));
    return tiktoken_tokenizer(bytes.text(), pattern, file.string(), beside.string());
  }
  for (const Published& known : published()) {
    if (file.filename() != known.file) continue;
    MALMOI_ASSIGN(Vocabulary vocabulary, read_ranks(bytes.text(), file.string()));
    return assemble(std::move(vocabulary), {std::string(pattern_by_name(known.pattern)), known.specials},
                    file.string());
  }
  return not_found("tiktoken's files have ranks alone, without the pattern that cuts the text", beside.string(),
                   "put {\"pattern\": ..., \"special_tokens\": {...}} there");
}

Result<Tokenizer> tekken_tokenizer(std::string_view json, std::string_view where) {
  MALMOI_ASSIGN(JsonText parsed, JsonText::parse(json, std::string(where)));
  const simdjson::dom::element root = parsed.root().element;
  simdjson::dom::element config = {};
  simdjson::dom::array entries = {};
  std::string_view pattern;
  int64_t size = 0, specials = 0;
  if (root["config"].get(config) || config["pattern"].get(pattern) || config["default_vocab_size"].get(size) ||
      config["default_num_special_tokens"].get(specials) || root["vocab"].get(entries))
    return invalid_data("config.pattern, default_vocab_size, default_num_special_tokens or vocab is missing",
                        std::string(where), "give a tekken.json");
  // The vocabulary may be cut short, never longer than the entries.
  if (specials < 0 || size < specials || specials > 1'000'000 ||
      static_cast<uint64_t>(size - specials) > entries.size())
    return invalid_data("the sizes in config do not fit the vocabulary", std::string(where),
                        "the file is damaged; get it again");
  Surroundings around{std::string(pattern), {}};
  simdjson::dom::array listed = {};
  const bool has_list = !root["special_tokens"].get(listed);
  if (has_list) {
    for (simdjson::dom::element token : listed) {
      int64_t rank = 0;
      std::string_view text;
      if (token["rank"].get(rank) || token["token_str"].get(text) || rank < 0 || rank >= specials)
        return invalid_data("a special token has no valid rank or text", fmt::format("{}: special_tokens", where),
                            "the file is damaged; get it again");
      around.specials.emplace_back(text, static_cast<int32_t>(rank));
    }
  }
  for (int64_t id = 0; !has_list && id < specials; ++id) {
    const auto i = static_cast<size_t>(id);
    around.specials.emplace_back(
        i < kTekkenSpecials.size() ? std::string(kTekkenSpecials[i]) : fmt::format("<SPECIAL_{}>", id),
        static_cast<int32_t>(id));
  }
  Vocabulary vocabulary;
  MALMOI_TRY(read_tekken_vocabulary(entries, size - specials, specials, where, vocabulary));
  MALMOI_ASSIGN(Tokenizer tokenizer, assemble(std::move(vocabulary), around, where));
  return tokenizer;
}

Result<Tokenizer> load_tekken(const Path& file, Compat /*compat*/) {
  MALMOI_ASSIGN(MappedFile bytes, MappedFile::open(file));
  return tekken_tokenizer(bytes.text(), file.string());
}

}  // namespace malmoi::tokenizer
