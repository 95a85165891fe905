// Strings of schemas.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/shown.h"
#include "grammar/language.h"
#include "grammar/limits.h"
#include "grammar/schema_builder.h"
#include "grammar/schema_formats.h"

namespace malmoi::grammar {

Result<ExprId> SchemaBuilder::string(const Json& schema, const std::string& at) {
  MALMOI_ASSIGN(const Counts length, counts(schema, "minLength", "maxLength", at));
  for (const char* key : {"pattern", "format"})
    if (schema.contains(key) && !schema[key].is_string())
      return invalid_data(std::string(key) + " is a string", place(at + "/" + key));
  if (schema.contains("format") && !format_regex(schema["format"].get<std::string>()))
    return unsupported("the format " + dump_json(schema["format"]) + " cannot be kept to", place(at + "/format"),
                       "known are " + format_names() + "; else write a pattern");
  const Unwanted unwanted = unwanted_strings(schema);
  const bool free = length.min == 0 && length.max == kUnbounded;
  if (unwanted.patterns == 0 && !unwanted.texts.empty() && free && !schema.contains("pattern") &&
      !schema.contains("format"))
    return string_but(unwanted.texts, at);
  if (unwanted.patterns == 0 && unwanted.texts.empty()) {
    if (schema.contains("format") != schema.contains("pattern")) {
      MALMOI_ASSIGN(const std::optional<ExprId> alone, expression_alone(schema, length, at));
      if (alone) return *alone;
    } else if (!schema.contains("format")) {
      return string_of_length(length, at);
    }
  }
  return language(schema, length, unwanted.texts, at);
}

ExprId SchemaBuilder::string_of_length(const Counts& length, const std::string& at) {
  if (length.min == 0 && length.max == kUnbounded) return json_.string();
  // One rule for all strings of these lengths, so that they share their masks of tokens.
  const auto [found, is_new] = strings_of_length_.try_emplace({length.min, length.max}, -1);
  if (is_new) {
    found->second = grammar_.add_rule("string", place(at));
    const ExprId characters = grammar_.repeat(json_.character(), length.min, length.max);
    grammar_.define(found->second, grammar_.sequence({grammar_.literal("\""), characters, grammar_.literal("\"")}));
  }
  return grammar_.call(found->second);
}

// What a plain `not` says of strings.
SchemaBuilder::Unwanted SchemaBuilder::unwanted_strings(const Json& schema) {
  Unwanted found;
  for (const Json& part : parts_of_not(schema)) {
    if (part.contains("enum")) {
      for (const Json& value : part["enum"])
        if (value.is_string()) found.texts.push_back(value.get<std::string>());
    } else if (part["type"] == "string") {
      ++found.patterns;
    }
  }
  return found;
}

Result<ExprId> SchemaBuilder::string_but(const std::vector<std::string>& texts, const std::string& at) {
  size_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size();
  if (bytes > JsonRules::kMaxOtherNames)
    return unsupported("strings other than some of more than " + std::to_string(JsonRules::kMaxOtherNames) + " bytes",
                       place(at), "list those that may come");
  return json_.string_other_than(texts);
}

Result<Regex> SchemaBuilder::expression(const std::string& text, const std::string& at) const {
  MALMOI_ASSIGN(Regex regex, Regex::parse(text, place(at)));
  if (regex.nodes().size() > kMaxPatternNodes)
    return unsupported("a pattern of more than " + std::to_string(kMaxPatternNodes) + " parts", place(at),
                       "make it shorter");
  return regex;
}

// A pattern or a format by itself, where its texts are all of the length, or can be made so.
Result<std::optional<ExprId>> SchemaBuilder::expression_alone(const Json& schema, const Counts& length,
                                                              const std::string& at) {
  const bool is_format = schema.contains("format");
  const std::string here = at + (is_format ? "/format" : "/pattern");
  MALMOI_ASSIGN(const Regex regex, is_format
                                       ? Regex::parse(format_regex(schema["format"].get<std::string>()), place(here))
                                       : expression(schema["pattern"].get<std::string>(), here));
  TextLengths own = regex.lengths();
  const bool anchored = is_format || regex.is_anchored();
  if (!anchored) own.max = kUnbounded;
  const bool long_enough = own.min >= length.min;
  const bool short_enough = length.max == kUnbounded || (own.max != kUnbounded && own.max <= length.max);
  ExprId characters;
  if (long_enough && short_enough) {
    characters = is_format ? regex.whole(grammar_, JsonRules::spelled) : regex.within(grammar_, JsonRules::spelled);
  } else if (const RegexNode* repeat = regex.single_repeat(); repeat && anchored) {
    const int32_t min = std::max(repeat->min, length.min);
    int32_t max = length.max == kUnbounded ? repeat->max : length.max;
    if (repeat->max != kUnbounded) max = std::min(max, repeat->max);
    if (max != kUnbounded && max < min)
      return invalid_data("no text is of the pattern and of the length", place(at), "correct one of them");
    const RegexNode& one = regex.nodes()[static_cast<size_t>(repeat->parts[0])];
    characters = grammar_.repeat(JsonRules::spelled(grammar_, one.set), min, max);
  } else {
    return std::optional<ExprId>{};
  }
  const ExprId quoted = grammar_.sequence({grammar_.literal("\""), characters, grammar_.literal("\"")});
  return std::optional<ExprId>(as_rule(is_format ? "format" : "pattern", here, quoted));
}

// All that must hold of a string at once.
Result<ExprId> SchemaBuilder::language(const Json& schema, const Counts& length, const std::vector<std::string>& but,
                                       const std::string& at) {
  Language texts(place(at));
  auto add = [&](const Json& pattern, bool wanted) -> Status {
    MALMOI_ASSIGN(const Regex regex, expression(pattern.get<std::string>(), at));
    return texts.add(regex, Language::Reach::kWithin, wanted);
  };
  if (schema.contains("pattern")) MALMOI_TRY(add(schema["pattern"], true));
  if (schema.contains("format")) {
    MALMOI_ASSIGN(const Regex regex, Regex::parse(format_regex(schema["format"].get<std::string>()), place(at)));
    MALMOI_TRY(texts.add(regex, Language::Reach::kWhole, true));
  }
  for (const Json& part : parts_of_not(schema)) {
    if (part.contains("pattern")) MALMOI_TRY(add(part["pattern"], false));
    else if (part.contains("not")) MALMOI_TRY(add(part["not"]["pattern"], true));
  }
  MALMOI_TRY(texts.exclude(but));
  texts.set_length(length.min, length.max);
  MALMOI_ASSIGN(const ExprId written,
                texts.write(grammar_, JsonRules::spelled, grammar_.literal("\""), language_steps_));
  return as_rule("string", at, grammar_.sequence({grammar_.literal("\""), written}));
}

}  // namespace malmoi::grammar
