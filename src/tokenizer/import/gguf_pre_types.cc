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
#define NEARLY_CASED(letters, contractions)                                                      \
  R"([^\r\n\p{L}\p{N}]?(?:(?=)" letters R"()[^a-z])*(?:(?=)" letters R"()[^A-Z])+)" contractions \
  R"(|[^\r\n\p{L}\p{N}]?(?:(?=)" letters R"()[^a-z])+(?:(?=)" letters R"()[^A-Z])*)" contractions
#define SLASH_OTHERS R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*)" SPACES
#define DEEPSEEK3_WORDS \
  R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)" SPACES

// Digits in groups of three from the right.
#define AFMOE_DIGITS R"(\P{N}*\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N})))"
// Blocks of scripts that are written without spaces, and Hangul.
#define AFMOE_SCRIPTS                                                                                          \
  R"([\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{F900}-\x{FAFF}\x{3040}-\x{30FF}\x{FF65}-\x{FF9F}\x{2F00}-\x{2FDF})" \
  R"(\x{0E40}-\x{0E7F}\x{0E80}-\x{0EFF}\x{1780}-\x{17FF}\x{1000}-\x{109F}\x{AA60}-\x{AA7F}\x{A9E0}-\x{A9FF})"  \
  R"(\x{AC00}-\x{D7AF}\x{1100}-\x{11FF}]+)"

// Han as llama.cpp has it: blocks.
#define LLAMA_HAN \
  R"(\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}\x{F900}-\x{FAFF}\x{20000}-\x{2A6DF}\x{2A700}-\x{2EBEF}\x{2F800}-\x{2FA1F})"
#define KIMI_UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]])"
#define KIMI_LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]])"

struct Entry {
  std::vector<std::string_view> names;
  PreType type;
};

// One entry a pre-tokenizer.
const std::vector<Entry>& table() {
  static const std::vector<Entry> entries = {
      {{"", "default"}, {.llama_cpp = {R"([\p{P}\$\+<=>\^~\|]+)", GPT2, R"(\p{N}+)", "[0-9][0-9][0-9]"}}},
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
                      R"(\s?[A-Za-z\x{B5})"
                      R"(\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293}\x{295}-\x{2AF})"
                      R"(\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A}\x{38C})"
                      R"(\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556})"
                      R"(\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF})"
                      R"(\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D})"
                      R"(\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D})"
                      R"(\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4})"
                      R"(\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4})"
                      R"(\x{1FF6}-\x{1FFC}\x{2102}\x{2107}\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124})"
                      R"(\x{2126}\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F})"
                      R"(\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4})"
                      R"(\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F})"
                      R"(\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17})"
                      R"(\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{10400}-\x{1044F}\x{104B0}-\x{104D3})"
                      R"(\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF})"
                      R"(\x{1E900}-\x{1E943})"
                      R"(]+)",
                      R"(\s?[!-/:-~！-／：-～‘-‟　-。]+)", R"(\s+$)", "[一-龥ࠀ-一가-\xED\x9F\xBF]+", R"(\p{N}+)"},
        .clean_spaces = false}},
      {{"deepseek-coder"},
       {.llama_cpp = {"[\r\n]", R"(\s?\p{L}+)", R"(\s?\p{P}+)", "[一-龥ࠀ-一가-\xED\x9F\xBF]+", R"(\p{N})"},
        .clean_spaces = false}},
      {{"deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"},
       {.llama_cpp = {R"(\p{N}{1,3})", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK3_WORDS}, .clean_spaces = false}},
      // Behind each group of digits there is a cut, but not before the first of a number: as llama.cpp's own code does it.
      {{"afmoe"}, {.llama_cpp = {AFMOE_DIGITS, AFMOE_SCRIPTS, DEEPSEEK3_WORDS}, .clean_spaces = false}},
      {{"whitespace"}, {.llama_cpp = {R"(\S+)"}, .plain_text = true}},
      {{"falcon"}, {.llama_cpp = {R"([\p{P}\$\+<=>\^~\|`]+)", GPT2, "[0-9][0-9][0-9]"}}},
      {{"mpt", "olmo", "modern-bert"}, {.llama_cpp = {GPT2}, .nfc = true}},
      {{"jais", "gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de", "a.x-4.0", "mellum",
        "exaone4", "jina-v1-en", "jina-v2-code", "roberta-bpe"},
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
       {.llama_cpp = {ASCII_CONTRACTIONS
                      R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)" SPACES},
        .original = {FOLDED_CONTRACTIONS
                     R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)" SPACES},
        .clean_spaces = false}},
      {{"kimi-k2"},
       {.llama_cpp = {"[" LLAMA_HAN R"(]+|[^\r\n\p{L}\p{N}]?[\p{L}&&[^)" LLAMA_HAN "]]+" ASCII_CONTRACTIONS
                      R"(?|\p{N}{1,3})" OTHERS},
        .original = {R"([\p{Han}]+|[^\r\n\p{L}\p{N}]?)" KIMI_UPPER "*" KIMI_LOWER "+" FOLDED_CONTRACTIONS
                     R"(?|[^\r\n\p{L}\p{N}]?)" KIMI_UPPER "+" KIMI_LOWER "*" FOLDED_CONTRACTIONS
                     R"(?|\p{N}{1,3})" OTHERS},
        .clean_spaces = false}},
      {{"ufakzeka"}, {.llama_cpp = {WORD R"(|\p{N})" OTHERS}, .clean_spaces = false}},
      {{"seed-coder"},
       {.llama_cpp = {ASCII_CONTRACTIONS "|" WORD R"(|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+)" SPACES},
        .original = {FOLDED_CONTRACTIONS "|" WORD R"(|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+)" SPACES},
        .clean_spaces = false}},
      {{"bailingmoe", "bailingmoe2", "llada-moe"},
       {.llama_cpp = {R"('(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|)" WORD
                      R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)"},
        .original =
            {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)"},
        .clean_spaces = false}},
      {{"laguna"},
       {.llama_cpp = {R"([^\n]+|[\n]+)", ASCII_CONTRACTIONS "|" WORD R"(|\p{N})" OTHERS},
        .original = {R"([^\n]+|[\n]+)", FOLDED_CONTRACTIONS "|" WORD R"(|\p{N})" OTHERS},
        .clean_spaces = false}},
      {{"exaone-moe"},
       {.llama_cpp =
            {ASCII_CONTRACTIONS
             R"(|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+)"},
        .original =
            {FOLDED_CONTRACTIONS
             R"(|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+)"}}},
      {{"jais-2"},
       {.llama_cpp =
            {ASCII_CONTRACTIONS
             "|" WORD
             R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1})"},
        .original =
            {FOLDED_CONTRACTIONS
             "|" WORD
             R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1})"}}},
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
       {.llama_cpp =
            {"[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+",
             CASED(ASCII_CONTRACTIONS "?") R"(|\p{N})" SLASH_OTHERS},
        .original =
            {"[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+",
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
