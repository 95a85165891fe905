// The named pre-tokenizers of GGUF's BPE vocabularies: the patterns of llama.cpp and those that they stand for.
#include <algorithm>

#include "tokenizer/import/gguf_vocab.h"

namespace malmoi::tokenizer {
namespace {

#define ASCII_CONTRACTIONS R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]))"
#define FOLDED_CONTRACTIONS R"((?i:'s|'t|'re|'ve|'m|'ll|'d))"
#define WORD R"([^\r\n\p{L}\p{N}]?\p{L}+)"
#define SPACES R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"
#define OTHERS R"(| ?[^\s\p{L}\p{N}]+[\r\n]*)" SPACES
#define GPT2 R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"
#define UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define CASED(contractions) \
  R"([^\r\n\p{L}\p{N}]?)" UPPER "*" LOWER "+" contractions R"(|[^\r\n\p{L}\p{N}]?)" UPPER "+" LOWER "*" contractions
// llama.cpp knows no case classes beyond ASCII: any other letter is of both cases.
#define NEARLY_CASED(letters, contractions)                                                                   \
  R"([^\r\n\p{L}\p{N}]?(?:(?=)" letters R"()[^a-z])*(?:(?=)" letters R"()[^A-Z])+)" contractions             \
  R"(|[^\r\n\p{L}\p{N}]?(?:(?=)" letters R"()[^a-z])+(?:(?=)" letters R"()[^A-Z])*)" contractions
#define SLASH_OTHERS R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*)" SPACES
#define DEEPSEEK3_WORDS \
  R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)" SPACES

struct Entry {
  std::vector<std::string_view> names;
  PreType type;
};

// One entry a pre-tokenizer.
const std::vector<Entry>& table() {
  static const std::vector<Entry> entries = {
      {{"", "default"},
       {.llama_cpp = {R"([\p{P}\$\+<=>\^~\|]+)", GPT2, R"(\p{N}+)", "[0-9][0-9][0-9]"}}},
      {{"llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"},
       {.llama_cpp = {ASCII_CONTRACTIONS "|" WORD R"(|\p{N}{1,3})" OTHERS},
        .original = {FOLDED_CONTRACTIONS "|" WORD R"(|\p{N}{1,3})" OTHERS},
        .ignore_merges = true,
        .add_bos = true}},
      {{"dbrx", "smaug-bpe", "glm4", "chatglm-bpe"},
       {.llama_cpp = {ASCII_CONTRACTIONS "|" WORD R"(|\p{N}{1,3})" OTHERS},
        .original = {FOLDED_CONTRACTIONS "|" WORD R"(|\p{N}{1,3})" OTHERS}}},
      {{"minicpm5"},
       {.llama_cpp = {R"(\p{N}{1,3})", ASCII_CONTRACTIONS "|" WORD R"(|\p{N}+)" OTHERS},
        .original = {R"(\p{N}{1,3})", FOLDED_CONTRACTIONS "|" WORD R"(|\p{N}+)" OTHERS},
        .ignore_merges = true}},
      {{"deepseek-llm"},
       {.llama_cpp = {"[\r\n]",
                      R"(\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+)",
                      R"(\s?[!-/:-~！-／：-～‘-‟　-。]+)", R"(\s+$)", "[一-龥ࠀ-一가-\xED\x9F\xBF]+", R"(\p{N}+)"},
        .clean_spaces = false}},
      {{"deepseek-coder"},
       {.llama_cpp = {"[\r\n]", R"(\s?\p{L}+)", R"(\s?\p{P}+)", "[一-龥ࠀ-一가-\xED\x9F\xBF]+", R"(\p{N})"},
        .clean_spaces = false}},
      {{"deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"},
       {.llama_cpp = {R"(\p{N}{1,3})", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK3_WORDS}, .clean_spaces = false}},
      {{"falcon"}, {.llama_cpp = {R"([\p{P}\$\+<=>\^~\|`]+)", GPT2, "[0-9][0-9][0-9]"}}},
      {{"mpt", "olmo", "modern-bert"}, {.llama_cpp = {GPT2}, .nfc = true}},
      {{"jais", "gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de", "a.x-4.0",
        "mellum", "exaone4", "jina-v1-en", "jina-v2-code", "roberta-bpe"},
       {.llama_cpp = {GPT2}}},
      {{"trillion", "granite-docling"}, {.llama_cpp = {GPT2}, .clean_spaces = false}},
      {{"starcoder", "refact", "codeshell", "exaone", "minerva-7b", "mellum2"}, {.llama_cpp = {R"(\p{N})", GPT2}}},
      {{"command-r", "smollm"}, {.llama_cpp = {R"(\p{N})", GPT2}, .clean_spaces = false}},
      {{"qwen2", "deepseek-r1-qwen"},
       {.llama_cpp = {ASCII_CONTRACTIONS "|" WORD R"(|\p{N})" OTHERS},
        .original = {FOLDED_CONTRACTIONS "|" WORD R"(|\p{N})" OTHERS},
        .clean_spaces = false,
        .nfc = true}},
      {{"kormo", "f2llmv2", "hunyuan", "solar-open", "grok-2"},
       {.llama_cpp = {ASCII_CONTRACTIONS "|" WORD R"(|\p{N})" OTHERS},
        .original = {FOLDED_CONTRACTIONS "|" WORD R"(|\p{N})" OTHERS},
        .clean_spaces = false}},
      {{"stablelm2", "megrez"},
       {.llama_cpp = {ASCII_CONTRACTIONS "|" WORD R"(|\p{N})" OTHERS},
        .original = {FOLDED_CONTRACTIONS "|" WORD R"(|\p{N})" OTHERS}}},
      {{"qwen35"},
       {.llama_cpp = {ASCII_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)" SPACES},
        .original = {FOLDED_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)" SPACES},
        .clean_spaces = false}},
      {{"ufakzeka"}, {.llama_cpp = {WORD R"(|\p{N})" OTHERS}, .clean_spaces = false}},
      {{"seed-coder"},
       {.llama_cpp = {ASCII_CONTRACTIONS "|" WORD R"(|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+)" SPACES},
        .original = {FOLDED_CONTRACTIONS "|" WORD R"(|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+)" SPACES},
        .clean_spaces = false}},
      {{"bailingmoe", "bailingmoe2", "llada-moe"},
       {.llama_cpp = {R"('(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|)" WORD R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)"},
        .original = {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)"},
        .clean_spaces = false}},
      {{"laguna"},
       {.llama_cpp = {R"([^\n]+|[\n]+)", ASCII_CONTRACTIONS "|" WORD R"(|\p{N})" OTHERS},
        .original = {R"([^\n]+|[\n]+)", FOLDED_CONTRACTIONS "|" WORD R"(|\p{N})" OTHERS},
        .clean_spaces = false}},
      {{"exaone-moe"},
       {.llama_cpp = {ASCII_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+)"},
        .original = {FOLDED_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+)"}}},
      {{"jais-2"},
       {.llama_cpp = {ASCII_CONTRACTIONS "|" WORD R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1})"},
        .original = {FOLDED_CONTRACTIONS "|" WORD R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1})"}}},
      {{"poro-chat"}, {.llama_cpp = {" ?[^(\\s|.,!?…。，、।۔،)]+"}, .clean_spaces = false}},
      {{"bloom", "gpt3-finnish"}, {.llama_cpp = {" ?[^(\\s|.,!?…。，、।۔،)]+"}}},
      {{"viking"}, {.llama_cpp = {" ?[^(\\s|.,!?…。，、।۔،)]+", R"(\p{N})"}, .clean_spaces = false}},
      {{"tekken"},
       {.llama_cpp = {NEARLY_CASED(R"(\p{L})", "") R"(|\p{N})" SLASH_OTHERS},
        .original = {CASED("") R"(|\p{N})" SLASH_OTHERS},
        .clean_spaces = false,
        .ignore_merges = true,
        .add_bos = true}},
      {{"gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"},
       {.llama_cpp = {NEARLY_CASED(R"(\p{L})", ASCII_CONTRACTIONS "?") R"(|\p{N}{1,3})" SLASH_OTHERS},
        .original = {CASED(FOLDED_CONTRACTIONS "?") R"(|\p{N}{1,3})" SLASH_OTHERS},
        .clean_spaces = false}},
      {{"granite-embed-multi-97m"},
       {.llama_cpp = {NEARLY_CASED(R"([\p{L}\p{M}])", ASCII_CONTRACTIONS "?") R"(|\p{N}{1,3})" SLASH_OTHERS},
        .original = {CASED(FOLDED_CONTRACTIONS "?") R"(|\p{N}{1,3})" SLASH_OTHERS},
        .clean_spaces = false,
        .ignore_merges = true}},
      {{"tiny_aya", "cohere2moe"},
       {.llama_cpp = {R"(\d{1,3}(?=(?:\d{3})*\b))", CASED(ASCII_CONTRACTIONS "?") R"(|\p{N}{1,3})" SLASH_OTHERS},
        .original = {R"(\d{1,3}(?=(?:\d{3})*\b))", CASED(FOLDED_CONTRACTIONS "?") R"(|\p{N}{1,3})" SLASH_OTHERS},
        .clean_spaces = false}},
      {{"superbpe"}, {.llama_cpp = {R"(\p{N}+)", R"((?=(\d{3})+(?!\d)))"}, .clean_spaces = false}},
      {{"youtu"},
       {.llama_cpp = {"[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+",
                      CASED(ASCII_CONTRACTIONS "?") R"(|\p{N})" SLASH_OTHERS},
        .original = {"[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+",
                     CASED(FOLDED_CONTRACTIONS "?") R"(|\p{N})" SLASH_OTHERS},
        .clean_spaces = false,
        .ignore_merges = true}},
      {{"chameleon"},
       {.llama_cpp = {"<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", R"(([\t\n]|    |  ))", R"(\p{N})",
                      R"([\p{P}!-/:-@\[-`{-~])", GPT2},
        .clean_spaces = false,
        .add_bos = true}},
      {{"gemma4", "granite-embed-multi-311m"},
       {.llama_cpp = {R"([^\n]+|[\n]+)"}, .ignore_merges = false, .add_bos = true, .escape_whitespaces = true}},
      {{"sarvam-moe"}, {.llama_cpp = {R"([^\n]+|[\n]+)"}, .clean_spaces = false, .escape_whitespaces = true}},
  };
  return entries;
}

}  // namespace

const PreType* find_pre_type(std::string_view name) {
  for (const Entry& entry : table())
    if (std::find(entry.names.begin(), entry.names.end(), name) != entry.names.end()) return &entry.type;
  return nullptr;
}

std::vector<std::string_view> pre_type_names() {
  std::vector<std::string_view> names;
  for (const Entry& entry : table()) names.insert(names.end(), entry.names.begin(), entry.names.end());
  return names;
}

}  // namespace malmoi::tokenizer
