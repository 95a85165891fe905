#include "infer/infill.h"

#include <optional>
#include <string_view>

#include "tokenizer/document_marks.h"

namespace malmoi::infer {
namespace {

struct MarkNames {
  std::string_view prefix, suffix, middle;
};

constexpr MarkNames kMarkNames[] = {
    {"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"},     // Qwen, CodeGemma
    {"<fim_prefix>", "<fim_suffix>", "<fim_middle>"},           // StarCoder, Granite
    {"<fim-prefix>", "<fim-suffix>", "<fim-middle>"},           // SantaCoder
    {"<|fim_pre|>", "<|fim_suf|>", "<|fim_mid|>"},              // LFM2
    {"<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"},     // DeepSeek
    {"<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"},  // GLM
    {"▁<PRE>", "▁<SUF>", "▁<MID>"},                             // Code Llama
    {"<PRE>", "<SUF>", "<MID>"},
};

// What models write behind a gap that they have filled: the end of a file, or the next one.
constexpr std::string_view kEndNames[] = {
    "<|fim_pad|>", "<fim_pad>",  "<|repo_name|>",      "<repo_name>", "<reponame>", "<|file_sep|>",
    "<file_sep>",  "<filename>", "<|file_separator|>", "▁<EOT>",      "<EOT>",
};

struct Marks {
  int32_t prefix, suffix, middle;
};

std::optional<Marks> find_marks(const tokenizer::Tokenizer& tokenizer) {
  for (const MarkNames& names : kMarkNames) {
    const auto prefix = tokenizer.id_of(names.prefix), suffix = tokenizer.id_of(names.suffix),
               middle = tokenizer.id_of(names.middle);
    if (prefix && suffix && middle) return Marks{*prefix, *suffix, *middle};
  }
  return {};
}

}  // namespace

Result<InfillPrompt> infill_prompt(const tokenizer::Tokenizer& tokenizer, const chat::Gap& gap) {
  const std::optional<Marks> marks = find_marks(tokenizer);
  if (!marks)
    return unsupported("the model's tokenizer has no tokens for a gap (fill-in-the-middle)", gap.field,
                       "use a model that was trained to fill gaps");
  InfillPrompt out;
  out.ids = tokenizer::document_marks(tokenizer).before;
  auto add = [&](int32_t mark, std::string_view text) {
    out.ids.push_back(mark);
    const std::vector<int32_t> ids = tokenizer.encode(text, {.add_special = false, .parse_special = false});
    out.ids.insert(out.ids.end(), ids.begin(), ids.end());
  };
  add(marks->prefix, gap.before);
  add(marks->suffix, gap.after);
  out.ids.push_back(marks->middle);
  for (std::string_view name : kEndNames) {
    if (const auto id = tokenizer.id_of(name)) out.end_ids.push_back(*id);
  }
  return out;
}

}  // namespace malmoi::infer
