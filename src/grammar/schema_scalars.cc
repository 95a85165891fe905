// Strings and numbers of schemas.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/shown.h"
#include "grammar/limits.h"
#include "grammar/schema_builder.h"
#include "grammar/schema_formats.h"

namespace malmoi::grammar {

Result<ExprId> SchemaBuilder::string(const Json& schema, const std::string& at) {
  MALMOI_ASSIGN(const Counts length, counts(schema, "minLength", "maxLength", at));
  if (schema.contains("format")) return format(schema, length, at);
  if (schema.contains("pattern")) return pattern(schema, length, at);
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

Result<Regex> SchemaBuilder::expression(const std::string& text, const std::string& at) const {
  MALMOI_ASSIGN(Regex regex, Regex::parse(text, place(at)));
  if (regex.nodes().size() > kMaxPatternNodes)
    return unsupported("a pattern of more than " + std::to_string(kMaxPatternNodes) + " parts", place(at),
                       "make it shorter");
  return regex;
}

Result<ExprId> SchemaBuilder::pattern(const Json& schema, const Counts& length, const std::string& at) {
  const Json& text = schema["pattern"];
  if (!text.is_string()) return invalid_data("pattern is a string", place(at + "/pattern"));
  MALMOI_ASSIGN(const Regex regex, expression(text.get<std::string>(), at + "/pattern"));
  TextLengths own = regex.lengths();
  const bool anchored = regex.is_anchored();
  if (!anchored) own.max = kUnbounded;
  const bool long_enough = own.min >= length.min;
  const bool short_enough = length.max == kUnbounded || (own.max != kUnbounded && own.max <= length.max);
  ExprId characters;
  if (long_enough && short_enough) {
    characters = regex.within(grammar_, JsonRules::spelled);
  } else if (const RegexNode* repeat = regex.single_repeat(); repeat && anchored) {
    const int32_t min = std::max(repeat->min, length.min);
    int32_t max = length.max == kUnbounded ? repeat->max : length.max;
    if (repeat->max != kUnbounded) max = std::min(max, repeat->max);
    if (max != kUnbounded && max < min)
      return invalid_data("no text is of the pattern and of the length", place(at), "correct one of them");
    const RegexNode& one = regex.nodes()[static_cast<size_t>(repeat->parts[0])];
    characters = grammar_.repeat(JsonRules::spelled(grammar_, one.set), min, max);
  } else {
    return unsupported("minLength and maxLength beside this pattern cannot be kept to", place(at),
                       "write the length into the pattern, e.g. ^[a-z]{2,8}$");
  }
  const ExprId quoted = grammar_.sequence({grammar_.literal("\""), characters, grammar_.literal("\"")});
  return as_rule("pattern", at + "/pattern", quoted);
}

Result<ExprId> SchemaBuilder::format(const Json& schema, const Counts& length, const std::string& at) {
  const Json& name = schema["format"];
  const char* text = name.is_string() ? format_regex(name.get<std::string>()) : nullptr;
  if (!text)
    return unsupported("the format " + dump_json(name) + " cannot be kept to", place(at + "/format"),
                       "known are " + format_names() + "; else write a pattern");
  if (schema.contains("pattern"))
    return unsupported("'pattern' beside 'format' cannot be kept to", place(at), "write one of them");
  MALMOI_ASSIGN(const Regex regex, Regex::parse(text, place(at + "/format")));
  const TextLengths own = regex.lengths();
  if (own.min < length.min || (length.max != kUnbounded && (own.max == kUnbounded || own.max > length.max)))
    return unsupported("minLength and maxLength beside this format cannot be kept to", place(at), "write a pattern");
  const ExprId quoted =
      grammar_.sequence({grammar_.literal("\""), regex.whole(grammar_, JsonRules::spelled), grammar_.literal("\"")});
  return as_rule("format", at + "/format", quoted);
}

// The nearer of the two ends that a schema has below, or above.
Result<std::optional<Bound>> SchemaBuilder::bound(const Json& schema, bool lower, const std::string& at) const {
  std::optional<Bound> found;
  for (bool excluded : {false, true}) {
    const char* key = lower ? (excluded ? "exclusiveMinimum" : "minimum") : (excluded ? "exclusiveMaximum" : "maximum");
    auto value = schema.find(key);
    if (value == schema.end()) continue;
    if (value->is_boolean())
      return unsupported(std::string("'") + key + "' as true or false", place(at + "/" + key),
                         "give the number itself");
    MALMOI_ASSIGN(Decimal number, to_decimal(*value, place(at + "/" + key)));
    const int order = found ? compare(number, found->value) : 1;
    // Of two equal ends the one that leaves the number out is nearer.
    if (!found || order == 0 || (order > 0) == lower) found = Bound{std::move(number), excluded};
  }
  return found;
}

// How many digits behind the point `multipleOf` leaves: none said, or those of 1, 0.1, 0.01 ...
Result<std::optional<size_t>> SchemaBuilder::places_of_step(const Json& schema, const std::string& at) const {
  auto step = schema.find("multipleOf");
  if (step == schema.end()) return std::optional<size_t>{};
  MALMOI_ASSIGN(const Decimal value, to_decimal(*step, place(at + "/multipleOf")));
  const std::string zeros(value.fraction.empty() ? 0 : value.fraction.size() - 1, '0');
  const bool is_one = value == Decimal{.whole = "1"}, is_place = value == Decimal{.fraction = zeros + "1"};
  if ((is_one || is_place) && value.fraction.size() <= JsonRules::kMaxDigits)
    return std::optional<size_t>(value.fraction.size());
  return unsupported("'multipleOf' other than 1, 0.1, 0.01 ... cannot be kept to", place(at + "/multipleOf"),
                     "leave it out, and check the answer for it");
}

Result<ExprId> SchemaBuilder::number(const Json& schema, bool integer, const std::string& at) {
  MALMOI_ASSIGN(const std::optional<size_t> places, places_of_step(schema, at));
  MALMOI_ASSIGN(const std::optional<Bound> low, bound(schema, true, at));
  MALMOI_ASSIGN(const std::optional<Bound> high, bound(schema, false, at));
  const bool whole = integer || places == size_t{0};
  if (!low && !high && whole) return json_.integer();
  if (!low && !high && !places) return json_.number();
  std::string text;
  if (!low && !high) {
    text = JsonRules::integer_text() + "(\\.[0-9]{1," + std::to_string(*places) + "})?";
  } else if (places && !whole) {
    return unsupported("bounds beside this 'multipleOf' cannot be kept to", place(at), "leave one of them out");
  } else {
    text = whole ? integer_range(low, high) : number_range(low, high);
  }
  if (text.empty()) return invalid_data("no number is within these bounds", place(at), "correct one of them");
  MALMOI_ASSIGN(const Regex regex, Regex::parse(text, place(at)));
  return as_rule(whole ? "integer" : "number", at, regex.whole(grammar_, Regex::plain));
}

}  // namespace malmoi::grammar
