#include "app/store/choice.h"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "base/ascii.h"

namespace malmoi::app {
namespace {

using Files = std::vector<RemoteFile>;

// What malmoi and transformers read beside the weights, and of it what holds the tokenizer.
constexpr std::string_view kSettings[] = {
    "config.json",         "generation_config.json", "tokenizer_config.json", "special_tokens_map.json",
    "chat_template.jinja", "chat_template.json",
};
constexpr std::string_view kTokenizerFiles[] = {
    "tokenizer.json", "added_tokens.json", "vocab.json",        "merges.txt",  "vocab.txt",
    "source.spm",     "target.spm",        "target_vocab.json", "tekken.json", "pattern.json",
};

bool is_at_root(std::string_view path) { return path.find('/') == std::string_view::npos; }

// The digits of "-00001-of-00003" have one width; five is what everybody writes.
constexpr size_t kDigits = 5;
constexpr std::string_view kOf = "-of-";

std::optional<int> number(std::string_view digits) {
  int value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value < 1) return {};
  return value;
}

// "STEM-00001-of-00003" -> its parts; the whole is one part of one.
GgufName split_name(std::string_view name) {
  constexpr size_t kTail = 1 + kDigits + kOf.size() + kDigits;
  if (name.size() <= kTail) return {std::string(name)};
  std::string_view tail = name.substr(name.size() - kTail);
  auto part = number(tail.substr(1, kDigits)), parts = number(tail.substr(1 + kDigits + kOf.size()));
  if (tail[0] != '-' || tail.substr(1 + kDigits, kOf.size()) != kOf || !part || !parts || *part > *parts)
    return {std::string(name)};
  return {std::string(name.substr(0, name.size() - kTail)), *part, *parts};
}

// "model-00001-of-00002.safetensors" of `stem` model and `ending` .safetensors.
bool is_shard(std::string_view path, std::string_view stem, std::string_view ending) {
  if (!path.ends_with(ending)) return false;
  GgufName name = split_name(path.substr(0, path.size() - ending.size()));
  return name.stem == stem && path.size() > stem.size() + ending.size();
}

const RemoteFile* find(const Files& files, std::string_view path) {
  auto at = std::ranges::find(files, path, &RemoteFile::path);
  return at == files.end() ? nullptr : &*at;
}

// One file, or an index with its shards; none of them: empty.
Files weights_named(const Files& files, const std::string& stem, const std::string& ending) {
  if (const RemoteFile* whole = find(files, stem + ending)) return {*whole};
  const RemoteFile* index = find(files, stem + ending + ".index.json");
  if (!index) return {};
  Files chosen = {*index};
  std::ranges::copy_if(files, std::back_inserter(chosen),
                       [&](const RemoteFile& file) { return is_shard(file.path, stem, ending); });
  return chosen;
}

// A GGUF file with all its parts, in order.
struct GgufGroup {
  std::string stem;  // of the file name
  int parts = 1;
  Files files;
  bool whole() const { return static_cast<int>(files.size()) == parts; }
};

// "SmolLM2-135M-Instruct.Q4_1" -> "q4_1"; what follows the last mark that no type has.
std::string type_of(const std::string& stem) {
  size_t at = stem.find_last_of("-.");
  return ascii_lower(at == std::string::npos ? stem : stem.substr(at + 1));
}

bool fits(const GgufGroup& group, std::string_view choice) {
  if (choice.ends_with(".gguf")) choice.remove_suffix(5);
  const std::string stem = ascii_lower(group.stem), wanted = ascii_lower(choice);
  if (stem == wanted) return true;
  if (!stem.ends_with(wanted) || stem.size() == wanted.size()) return false;
  const char before = stem[stem.size() - wanted.size() - 1];
  return before == '-' || before == '.' || before == '_';
}

// Beside models stand what sees pictures and what they were calibrated by.
bool is_other_gguf(std::string_view stem) {
  const std::string name = ascii_lower(base_name(stem));
  return name.starts_with("mmproj") || name.find("imatrix") != std::string::npos;
}

std::vector<GgufGroup> gguf_groups(const Files& files) {
  std::map<std::pair<std::string, int>, GgufGroup> groups;  // by path and number of parts
  for (const RemoteFile& file : files) {
    auto name = parse_gguf_name(file.path);
    if (!name || is_other_gguf(name->stem)) continue;
    GgufGroup& group = groups[{name->stem, name->parts}];
    group.stem = base_name(name->stem);
    group.parts = name->parts;
    group.files.push_back(file);
  }
  std::vector<GgufGroup> out;
  for (auto& [key, group] : groups) {
    std::ranges::sort(group.files, {}, &RemoteFile::path);
    out.push_back(std::move(group));
  }
  return out;
}

std::string listed(const std::vector<GgufGroup>& groups) {
  constexpr size_t kShown = 40;
  std::string out;
  for (size_t i = 0; i < std::min(groups.size(), kShown); ++i) (out += i ? ", " : "") += type_of(groups[i].stem);
  return out + (groups.size() > kShown ? ", ..." : "");
}

Result<Files> choose_gguf(std::vector<GgufGroup> groups, std::string_view choice, const std::string& where) {
  std::vector<GgufGroup> fitting = groups;
  if (!choice.empty()) std::erase_if(fitting, [&](const GgufGroup& group) { return !fits(group, choice); });
  if (fitting.empty())
    return not_found(fmt::format("has no GGUF file '{}'", choice), where,
                     groups.empty() ? "leave the choice out" : "there is: " + listed(groups));
  // "model-Q4_K_M" and "model-UD-Q4_K_M" end alike: what was asked for is the shorter one.
  std::ranges::sort(fitting, {}, [](const GgufGroup& group) { return group.stem.size(); });
  const bool unclear = fitting.size() > 1 && (choice.empty() || fitting[0].stem.size() == fitting[1].stem.size());
  if (unclear)
    return usage_error(fmt::format("has {} GGUF files", fitting.size()), where,
                       fmt::format("choose one: {}:{} of {}", where, type_of(fitting[0].stem), listed(fitting)));
  if (!fitting[0].whole())
    return invalid_data(
        fmt::format("has {} of the {} parts of {}", fitting[0].files.size(), fitting[0].parts, fitting[0].stem), where,
        "choose another: " + listed(groups));
  return fitting[0].files;
}

std::string some_names(const Files& files) {
  constexpr size_t kShown = 12;
  std::string out;
  for (size_t i = 0; i < std::min(files.size(), kShown); ++i) (out += i ? ", " : "") += files[i].path;
  if (out.empty()) return "nothing";
  return out + (files.size() > kShown ? ", ..." : "");
}

}  // namespace

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_tokenizer_file(std::string_view file_name) {
  return std::ranges::find(kTokenizerFiles, file_name) != std::end(kTokenizerFiles) || file_name.ends_with(".model") ||
         file_name.ends_with(".tiktoken");
}

bool stands_beside_weights(std::string_view file_name) {
  return std::ranges::find(kSettings, file_name) != std::end(kSettings) || is_tokenizer_file(file_name);
}

bool is_licence(std::string_view file_name) {
  const std::string name = ascii_lower(file_name);
  if (name.ends_with(".py") || name.ends_with(".gguf")) return false;
  for (std::string_view word : {"license", "licence", "notice", "copying", "use_policy"})
    if (name.starts_with(word)) return true;
  return name.find("_terms") != std::string::npos;
}

std::optional<GgufName> parse_gguf_name(std::string_view path) {
  constexpr std::string_view kEnding = ".gguf";
  if (!ascii_lower(path).ends_with(kEnding) || base_name(path).size() == kEnding.size()) return {};
  return split_name(path.substr(0, path.size() - kEnding.size()));
}

Result<Files> choose_files(const Files& files, std::string_view choice, const std::string& where) {
  Files weights, chosen;
  if (choice.empty()) weights = weights_named(files, "model", ".safetensors");
  if (choice.empty() && weights.empty()) weights = weights_named(files, "pytorch_model", ".bin");
  const bool is_folder = !weights.empty();
  if (!is_folder) {
    std::vector<GgufGroup> groups = gguf_groups(files);
    if (groups.empty() && choice.empty())
      return not_found("holds no weights that are read (safetensors, .bin, GGUF)", where,
                       "it has " + some_names(files));
    MALMOI_ASSIGN(weights, choose_gguf(std::move(groups), choice, where));
  }
  for (const RemoteFile& file : files) {
    if (!is_at_root(file.path)) continue;
    if (is_licence(file.path) || (is_folder && stands_beside_weights(file.path))) chosen.push_back(file);
  }
  chosen.insert(chosen.end(), weights.begin(), weights.end());
  return chosen;
}

}  // namespace malmoi::app
