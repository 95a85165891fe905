#include "tokenizer/import/gguf_vocab.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/utf8.h"
#include "tokenizer/vocabulary.h"

namespace malmoi::tokenizer {
namespace {

using formats::Gguf;
using formats::GgufValue;

std::string place(const Gguf& file, std::string_view key) {
  return fmt::format("{}: tokenizer.ggml.{}", file.path().string(), key);
}
std::string key_of(std::string_view name) { return fmt::format("tokenizer.ggml.{}", name); }

// One line a model: its name, and what llama.cpp takes where the file says nothing.
struct ModelRow {
  std::string_view name;
  GgufVocab::Kind kind;
  int32_t bos, eos, unk, sep, pad, mask;
  bool add_bos, add_eos, add_sep, add_space_prefix, clean_spaces;
};
constexpr ModelRow kModels[] = {
    {"llama", GgufVocab::Kind::kSpm, 1, 2, 0, -1, -1, -1, true, false, false, true, false},
    {"bert", GgufVocab::Kind::kWpm, 101, -1, 100, 102, 0, 103, true, false, true, false, true},
    {"gpt2", GgufVocab::Kind::kBpe, 11, 11, -1, -1, -1, -1, false, false, false, false, true},
    {"whitespace", GgufVocab::Kind::kBpe, 11, 11, -1, -1, -1, -1, false, false, false, false, true},
    {"gemma4", GgufVocab::Kind::kBpe, -1, -1, -1, -1, -1, -1, false, false, false, false, true},
    {"t5", GgufVocab::Kind::kUgm, -1, 1, 2, -1, 0, -1, false, true, false, false, false},
};

Status read_model(const Gguf& file, GgufVocab& vocab) {
  MALMOI_ASSIGN(std::string_view name, file.text("tokenizer.ggml.model"));
  if (name == "no_vocab" || name == "none")
    return not_found("the file has no tokenizer", place(file, "model"), "work with ids, or use a file that has one");
  auto row = std::find_if(std::begin(kModels), std::end(kModels), [&](const ModelRow& m) { return m.name == name; });
  if (row == std::end(kModels))
    return unsupported(fmt::format("the tokenizer model \"{}\" is not known", name), place(file, "model"),
                       "one of: llama, gpt2, whitespace, gemma4, bert, t5");
  vocab.kind = row->kind;
  vocab.bos = row->bos;
  vocab.eos = row->eos;
  vocab.unk = row->unk;
  vocab.sep = row->sep;
  vocab.pad = row->pad;
  vocab.mask = row->mask;
  vocab.add_bos = row->add_bos;
  vocab.add_eos = row->add_eos;
  vocab.add_sep = row->add_sep;
  vocab.add_space_prefix = row->add_space_prefix;
  vocab.clean_spaces = row->clean_spaces;
  vocab.pre = name == "gemma4" ? "gemma4" : file.text_or("tokenizer.ggml.pre", "");
  vocab.drops_whitespace = name == "whitespace";
  if (vocab.kind == GgufVocab::Kind::kBpe) {
    const PreType* pre = find_pre_type(vocab.pre);
    if (!pre)
      return unsupported(fmt::format("the pre-tokenizer \"{}\" is not known", vocab.pre), place(file, "pre"),
                         "import the tokenizer.json of the original model instead");
    vocab.pre_type = *pre;
    vocab.clean_spaces = pre->clean_spaces;
    vocab.add_bos = pre->add_bos;
    vocab.add_sep = vocab.pre == "jina-v1-en" || vocab.pre == "jina-v2-code" || vocab.pre == "roberta-bpe";
  }
  vocab.add_space_prefix = file.boolean_or("tokenizer.ggml.add_space_prefix", vocab.add_space_prefix);
  vocab.remove_extra_whitespaces = file.boolean_or("tokenizer.ggml.remove_extra_whitespaces", false);
  return {};
}

GgufAttributes attributes_of(PieceKind kind) {
  return {.normal = kind == PieceKind::kNormal,
          .unknown = kind == PieceKind::kUnknown,
          .control = kind == PieceKind::kControl,
          .user_defined = kind == PieceKind::kUserDefined,
          .unused = kind == PieceKind::kUnused,
          .byte = kind == PieceKind::kByte};
}

Status read_tokens(const Gguf& file, GgufVocab& vocab) {
  MALMOI_ASSIGN(std::vector<std::string_view> texts, file.texts("tokenizer.ggml.tokens"));
  if (texts.empty() || texts.size() > static_cast<size_t>(Vocabulary::kMaxId))
    return invalid_data(fmt::format("a vocabulary of {} tokens is not possible", texts.size()), place(file, "tokens"),
                        "the file is damaged; get it again");
  auto array = [&](std::string_view name, auto get) -> Result<decltype((std::declval<GgufValue>().*get)())> {
    const GgufValue* value = file.find(key_of(name));
    if (!value) return decltype((value->*get)()){};
    auto numbers = (value->*get)();
    if (!numbers || numbers->size() < texts.size())
      return invalid_data("there is not one number for each token", place(file, name),
                          "the file is damaged; get it again");
    return numbers;
  };
  MALMOI_ASSIGN(auto scores, array("scores", &GgufValue::numbers));
  MALMOI_ASSIGN(auto types, array("token_type", &GgufValue::integers));
  size_t bytes = 0;
  for (std::string_view text : texts) bytes += text.size();
  vocab.ids.reserve(texts.size(), bytes);
  for (size_t i = 0; i < texts.size(); ++i) {
    GgufToken token;
    token.text = texts[i].empty() ? fmt::format("[EMPTY_{}]", i) : std::string(texts[i]);
    if (vocab.find(token.text) >= 0)
      return invalid_data(fmt::format("the token \"{}\" stands twice", token.text),
                          fmt::format("{}[{}]", place(file, "tokens"), i), "the file is damaged; get it again");
    if (scores) token.score = static_cast<float>((*scores)[i]);
    if (!(token.score >= -1e30f && token.score <= 1e30f))
      return invalid_data("a score is no number", fmt::format("{}[{}]", place(file, "scores"), i),
                          "the file is damaged; get it again");
    int64_t type = types ? (*types)[i] : 1;
    token.kind = type >= 1 && type <= 6 ? static_cast<PieceKind>(type) : PieceKind::kUnused;
    if (token.kind == PieceKind::kByte && byte_of_piece(token.text) < 0)
      return invalid_data("a byte token is not spelled <0xNN>", fmt::format("{}[{}]", place(file, "tokens"), i),
                          "the file is damaged; get it again");
    token.as = type >= 1 && type <= 6 ? attributes_of(token.kind) : GgufAttributes{};
    vocab.ids.add(token.text, static_cast<int32_t>(i));
    vocab.tokens.push_back(std::move(token));
  }
  return {};
}

// Merges as pairs of ids; a pair given twice keeps its first rank. Pairs that the vocabulary cannot spell are left out.
Status read_merges(const Gguf& file, GgufVocab& vocab) {
  MALMOI_ASSIGN(std::vector<std::string_view> lines, file.texts("tokenizer.ggml.merges"));
  std::unordered_set<uint64_t> seen;
  std::string product;
  for (size_t i = 0; i < lines.size(); ++i) {
    size_t space = lines[i].find(' ', 1);
    if (space == std::string_view::npos)
      return invalid_data("a merge has no space between its parts", fmt::format("{}[{}]", place(file, "merges"), i),
                          "the file is damaged; get it again");
    std::string_view left = lines[i].substr(0, space), right = lines[i].substr(space + 1);
    product.assign(left);
    product += right;
    const int32_t l = vocab.find(left), r = vocab.find(right);
    if (l < 0 || r < 0 || vocab.find(product) < 0) continue;
    if (seen.insert(static_cast<uint64_t>(l) << 32 | static_cast<uint32_t>(r)).second) vocab.merges.emplace_back(l, r);
  }
  return {};
}

Status read_charsmap(const Gguf& file, GgufVocab& vocab) {
  const GgufValue* value = file.find("tokenizer.ggml.precompiled_charsmap");
  if (!value) return {};
  if (value->type() != formats::GgufType::kArray ||
      (value->element_type() != formats::GgufType::kU8 && value->element_type() != formats::GgufType::kI8))
    return invalid_data("the character map is no array of bytes", place(file, "precompiled_charsmap"),
                        "the file is damaged; get it again");
  vocab.charsmap = value->bytes();
  return {};
}

// Ids that the file gives; one beyond the vocabulary is ignored, as is a default that is.
void read_ids(const Gguf& file, GgufVocab& vocab) {
  const auto count = static_cast<int64_t>(vocab.tokens.size());
  auto read = [&](std::string_view name, int32_t& id) {
    if (id >= count) id = -1;
    int64_t given = file.integer_or(key_of(name), -1);
    if (given >= 0 && given < count) id = static_cast<int32_t>(given);
  };
  read("bos_token_id", vocab.bos);
  read("eos_token_id", vocab.eos);
  read("unknown_token_id", vocab.unk);
  read("seperator_token_id", vocab.sep);  // spelled so in the format
  read("padding_token_id", vocab.pad);
  read("mask_token_id", vocab.mask);
  vocab.add_bos = file.boolean_or("tokenizer.ggml.add_bos_token", vocab.add_bos);
  vocab.add_eos = file.boolean_or("tokenizer.ggml.add_eos_token", vocab.add_eos);
  vocab.add_sep = file.boolean_or("tokenizer.ggml.add_sep_token", vocab.add_sep);
  if (vocab.pre_type.escape_whitespaces && vocab.pre_type.add_bos) vocab.add_bos = true;
  if (vocab.bos < 0) vocab.add_bos = false;
  if (vocab.eos < 0) vocab.add_eos = false;
  if (vocab.sep < 0) vocab.add_sep = false;
  vocab.lowercase = file.boolean_or("tokenizer.ggml.normalizer.lowercase", vocab.pre != "whitespace");
  vocab.strip_accents = file.boolean_or("tokenizer.ggml.normalizer.strip_accents", vocab.lowercase);
}

// Texts that llama.cpp takes for control tokens whatever the file says: ends of turns and texts, and, where the file
// names no id of its own for a role, the first token with one of the role's usual texts.
constexpr std::string_view kEnds[] = {"<|eot_id|>",
                                      "<|im_end|>",
                                      "<|end|>",
                                      "<|return|>",
                                      "<|call|>",
                                      "<|flush|>",
                                      "<|calls|>",
                                      "<end_of_turn>",
                                      "<|endoftext|>",
                                      "</s>",
                                      "<|eom_id|>",
                                      "<EOT>",
                                      "_<EOT>",
                                      "[EOT]",
                                      "[EOS]",
                                      "<|end_of_text|>",
                                      "<end_of_utterance>",
                                      "<eos>",
                                      "<turn|>",
                                      "<|tool_response>",
                                      "<｜end▁of▁sentence｜>",
                                      "[e~["};
struct FimRole {
  std::array<std::string_view, 2> keys;
  std::vector<std::string_view> texts;
};
const std::vector<FimRole>& roles() {
  static const std::vector<FimRole> table = {
      {{"fim_pre_token_id", "prefix_token_id"},
       {"<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>",
        "<|prefix|>"}},
      {{"fim_suf_token_id", "suffix_token_id"},
       {"<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>",
        "<|suffix|>"}},
      {{"fim_mid_token_id", "middle_token_id"},
       {"<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>",
        "<|middle|>"}},
      {{"fim_pad_token_id", ""}, {"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"}},
      {{"fim_rep_token_id", ""}, {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"}},
      {{"fim_sep_token_id", ""}, {"<|file_sep|>"}},
  };
  return table;
}

void force_control(const Gguf& file, GgufVocab& vocab) {
  auto force = [&](std::string_view text) {
    int32_t id = vocab.find(text);
    if (id >= 0) vocab.tokens[static_cast<size_t>(id)].as.control = true;
    return id >= 0;
  };
  for (std::string_view text : kEnds) force(text);
  for (const FimRole& role : roles()) {
    bool given = false;
    for (std::string_view key : role.keys) given |= !key.empty() && file.find(key_of(key)) != nullptr;
    for (std::string_view text : role.texts)
      if (!given && force(text)) break;
  }
  for (std::string_view text : {"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"})
    if (int32_t id = vocab.find(text); id >= 0) vocab.tokens[static_cast<size_t>(id)].as = {.user_defined = true};
  auto has = [&](std::string_view text) { return vocab.find(text) >= 0; };
  const bool call = has("<|call|>") || has("<|calls|>");
  if (int32_t end = vocab.find("<|end|>"); end >= 0 && call && (has("<|return|>") || has("<|flush|>")))
    vocab.tokens[static_cast<size_t>(end)].as = {.user_defined = true};
  if (int32_t s = vocab.find("</s>"); s >= 0 && has("<|tool_response>"))
    vocab.tokens[static_cast<size_t>(s)].as = {.normal = true};
}

// White space that tokens swallow: not in the format, so llama.cpp goes by the names of models.
void set_stripping(const Gguf& file, GgufVocab& vocab) {
  std::string name(file.text_or("general.name", ""));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string_view architecture = file.text_or("general.architecture", "");
  auto contains = [](std::string_view text, std::initializer_list<std::string_view> parts) {
    return std::any_of(parts.begin(), parts.end(),
                       [&](std::string_view p) { return text.find(p) != std::string_view::npos; });
  };
  auto token = [&](std::string_view text) -> GgufAttributes* {
    int32_t id = vocab.find(text);
    return id < 0 ? nullptr : &vocab.tokens[static_cast<size_t>(id)].as;
  };
  if (contains(vocab.pre, {"jina-v2-de", "jina-v2-es", "jina-v2-code"}) ||
      contains(architecture, {"nomic-bert-moe", "jina-bert-v3"})) {
    if (auto* mask = token("<mask>")) mask->lstrip = true;
  } else if (contains(name, {"phi-3", "phi3"})) {
    for (GgufToken& t : vocab.tokens)
      if (t.as.control || t.as.user_defined || t.as.unknown) t.as.rstrip = true;
    if (auto* end = token("</s>")) end->rstrip = true;
    for (std::string_view text : {"<unk>", "<s>", "<|endoftext|>"})
      if (auto* plain = token(text)) plain->rstrip = false;
  } else if (contains(name, {"modern-bert"})) {
    if (auto* mask = token("[MASK]")) mask->lstrip = true;
  }
}

}  // namespace

Result<GgufVocab> read_gguf_vocab(const Gguf& file) {
  if (!file.find("tokenizer.ggml.model"))
    return not_found("the file has no tokenizer", file.path().string() + ": tokenizer.ggml.model",
                     "give a GGUF file with its vocabulary");
  GgufVocab vocab;
  MALMOI_TRY(read_model(file, vocab));
  MALMOI_TRY(read_tokens(file, vocab));
  if (vocab.kind == GgufVocab::Kind::kBpe) MALMOI_TRY(read_merges(file, vocab));
  if (vocab.kind == GgufVocab::Kind::kUgm) MALMOI_TRY(read_charsmap(file, vocab));
  read_ids(file, vocab);
  force_control(file, vocab);
  set_stripping(file, vocab);
  vocab.chat_template = file.text_or("tokenizer.chat_template", "");
  const bool needs_unknown = vocab.kind != GgufVocab::Kind::kBpe;
  if (needs_unknown && vocab.unk < 0)
    return invalid_data("there is no unknown token", place(file, "unknown_token_id"),
                        "the file is damaged; get it again");
  return vocab;
}

}  // namespace malmoi::tokenizer
