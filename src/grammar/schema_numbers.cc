// Numbers of schemas.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "grammar/language.h"
#include "grammar/multiples.h"
#include "grammar/schema_builder.h"

namespace malmoi::grammar {
namespace {

// Whether a step is kept to by what else is said: 1, or so many digits behind the point where there are no bounds.
bool is_place(const Decimal& step, bool integer, bool free) {
  const std::string zeros(step.fraction.empty() ? 0 : step.fraction.size() - 1, '0');
  if (step == Decimal{.whole = "1"}) return true;
  const bool is_power = step == Decimal{.fraction = zeros + "1"} && step.fraction.size() <= JsonRules::kMaxDigits;
  return is_power && (integer || free);
}

}  // namespace

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

Result<std::optional<Decimal>> SchemaBuilder::step_of(const Json& schema, const std::string& at) const {
  auto step = schema.find("multipleOf");
  if (step == schema.end()) return std::optional<Decimal>{};
  MALMOI_ASSIGN(const Decimal value, to_decimal(*step, place(at + "/multipleOf")));
  if (value.negative || value.is_zero())
    return invalid_data("multipleOf is a number above 0", place(at + "/multipleOf"));
  return std::optional<Decimal>(value);
}

Result<ExprId> SchemaBuilder::number(const Json& schema, bool integer, const std::string& at) {
  MALMOI_ASSIGN(const std::optional<Decimal> multiple_of, step_of(schema, at));
  MALMOI_ASSIGN(const std::optional<Bound> low, bound(schema, true, at));
  MALMOI_ASSIGN(const std::optional<Bound> high, bound(schema, false, at));
  for (const Json& part : parts_of_not(schema))
    if (part.contains("multipleOf") || part == saying("type", "integer"))
      return number_but(schema, {low, high}, integer, at);
  const bool whole = integer || (multiple_of && multiple_of->fraction.empty());
  const bool free = !low && !high;
  std::string text;
  if (multiple_of && !is_place(*multiple_of, integer, free)) {
    return multiples(grammar_, {.step = *multiple_of, .whole = integer, .low = low, .high = high},
                     place(at + "/multipleOf"));
  } else if (free && whole) {
    return json_.integer();
  } else if (free && !multiple_of) {
    return json_.number();
  } else if (free) {
    text = JsonRules::integer_text() + "(\\.[0-9]{1," + std::to_string(multiple_of->fraction.size()) + "})?";
  } else {
    text = whole ? integer_range(low, high) : number_range(low, high);
  }
  if (text.empty()) return invalid_data("no number is within these bounds", place(at), "correct one of them");
  MALMOI_ASSIGN(const Regex regex, Regex::parse(text, place(at)));
  return as_rule(whole ? "integer" : "number", at, regex.whole(grammar_, Regex::plain));
}

// What a plain `not` says of numbers: that they are no whole ones, or no multiples.
Result<ExprId> SchemaBuilder::number_but(const Json& schema, const Range& range, bool integer, const std::string& at) {
  const std::string here = place(at + "/not");
  std::vector<const Json*> steps;
  bool no_integer = false;
  for (const Json& part : parts_of_not(schema)) {
    if (part.contains("multipleOf")) steps.push_back(&part);
    else if (part == saying("type", "integer")) no_integer = true;
  }
  if (schema.contains("multipleOf") || steps.size() > 1 || (no_integer && !steps.empty()))
    return unsupported("more than one of 'multipleOf' and 'not' of it or of integers cannot be kept to", here,
                       "say which numbers may come");
  if (no_integer) return integer ? grammar_.nothing() : fractions(range, at);
  MALMOI_ASSIGN(const std::optional<Decimal> step, step_of(*steps[0], at + "/not"));
  if (!integer && !step->fraction.empty())
    return unsupported("'not' of a 'multipleOf' with a fraction cannot be kept to", here, "say which numbers may come");
  std::vector<ExprId> ways;
  auto whole =
      multiples(grammar_, {.step = *step, .whole = true, .wanted = false, .low = range.low, .high = range.high}, here);
  if (whole.ok()) ways.push_back(*whole);
  else if (whole.error().code != ErrorCode::kInvalidData) return whole.error();
  if (!integer) {
    MALMOI_ASSIGN(const ExprId others, fractions(range, at));
    ways.push_back(others);
  }
  return grammar_.choice(std::move(ways));
}

// Numbers that are not whole.
Result<ExprId> SchemaBuilder::fractions(const Range& range, const std::string& at) {
  const std::string digits = "[0-9]{1," + std::to_string(JsonRules::kMaxDigits) + "}";
  const std::string text =
      range.low || range.high ? number_range(range.low, range.high) : JsonRules::integer_text() + "\\." + digits;
  if (text.empty()) return invalid_data("no number is within these bounds", place(at), "correct one of them");
  Language numbers(place(at));
  for (const std::string& one : {text, std::string("-?[0-9]+\\.[0-9]*[1-9][0-9]*")}) {
    MALMOI_ASSIGN(const Regex regex, Regex::parse(one, place(at)));
    MALMOI_TRY(numbers.add(regex, Language::Reach::kWhole, true));
  }
  return numbers.write(grammar_, Regex::plain, grammar_.empty(), language_steps_);
}

}  // namespace malmoi::grammar
