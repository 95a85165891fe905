#include "reward/schema_check_run.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/json_read.h"
#include "base/shown.h"
#include "base/utf8.h"
#include "grammar/reading.h"
#include "grammar/schema_keywords.h"
#include "grammar/schema_reference.h"

namespace malmoi::reward {
namespace {

bool is_multiple(const Json& value, double step) {
  if (step <= 0) return true;
  if (value.is_number_integer() && std::floor(step) == step && step < 9e15) {
    if (value.is_number_unsigned()) return value.get<uint64_t>() % static_cast<uint64_t>(step) == 0;
    return value.get<int64_t>() % static_cast<int64_t>(step) == 0;
  }
  constexpr double kRounding = 4 * std::numeric_limits<double>::epsilon();  // of both numbers and their quotient
  const double times = value.get<double>() / step;
  return std::abs(times - std::round(times)) <= kRounding * std::abs(times);
}

}  // namespace

int64_t limit_of(const Json& schema, std::string_view keyword, int64_t fallback) {
  const auto number = json_number(schema, keyword);
  return number && *number >= 0 && *number < 9e15 ? static_cast<int64_t>(*number) : fallback;
}

bool SchemaCheckRun::fail(const std::string& place, std::string_view what) {
  if (problem_.empty()) problem_ = show_controls(place.empty() ? "/" : place) + ": " + std::string(what);
  return false;
}

bool SchemaCheckRun::fits(const Json& schema, const Json& value, const std::string& place, int depth) {
  const std::string before = std::move(problem_);
  problem_.clear();
  const bool fitting = check(schema, value, place, depth);
  problem_ = before;
  return fitting;
}

bool SchemaCheckRun::check(const Json& schema, const Json& value, const std::string& place, int depth) {
  ++steps_;
  too_deep_ = too_deep_ || depth > kDeepest;
  if (too_costly()) return false;
  if (schema.is_boolean()) return schema.get<bool>() || fail(place, "may not be here");
  if (value.is_null() && grammar::is_nullable(schema)) return true;
  if (!check_any(schema, value, place, depth) || !check_choices(schema, value, place, depth)) return false;
  if (value.is_number()) return check_number(schema, value, place);
  if (value.is_string()) return check_text(schema, value, place);
  if (value.is_array()) return check_list(schema, value, place, depth);
  return !value.is_object() || check_object(schema, value, place, depth);
}

bool SchemaCheckRun::check_any(const Json& schema, const Json& value, const std::string& place, int depth) {
  if (auto type = schema.find("type"); type != schema.end()) {
    const Json types = grammar::as_list(*type);
    auto is_it = [&](const Json& one) { return one.is_string() && grammar::is_of_type(value, one.get<std::string>()); };
    if (std::none_of(types.begin(), types.end(), is_it))
      return fail(place, "is of another type than " + dump_json(*type));
  }
  if (auto listed = schema.find("enum"); listed != schema.end() && listed->is_array()) {
    steps_ += static_cast<int64_t>(listed->size());
    if (!grammar::texts_of(*listed).contains(grammar::text_of(value)))
      return fail(place, "is none of the listed values");
  }
  if (auto wanted = schema.find("const");
      wanted != schema.end() && grammar::text_of(*wanted) != grammar::text_of(value))
    return fail(place, "is another value than the one that is wanted");
  auto reference = schema.find("$ref");
  if (reference == schema.end() || !reference->is_string()) return true;
  const Json* target = grammar::find_reference(*check_.schema_, reference->get<std::string>());
  return target && check(*target, value, place, depth + 1);
}

bool SchemaCheckRun::check_choices(const Json& schema, const Json& value, const std::string& place, int depth) {
  for (const Json& part : json_list(schema, "allOf"))
    if (!check(part, value, place, depth + 1)) return false;
  if (const Json& parts = json_list(schema, "anyOf"); schema.contains("anyOf")) {
    auto fitting = [&](const Json& part) { return fits(part, value, place, depth + 1); };
    if (std::none_of(parts.begin(), parts.end(), fitting)) return fail(place, "is of none of anyOf");
  }
  if (const Json& parts = json_list(schema, "oneOf"); schema.contains("oneOf")) {
    auto fitting = [&](const Json& part) { return fits(part, value, place, depth + 1); };
    const auto count = std::count_if(parts.begin(), parts.end(), fitting);
    if (count != 1) return fail(place, count == 0 ? "is of none of oneOf" : "is of more than one of oneOf");
  }
  if (auto negated = schema.find("not"); negated != schema.end() && fits(*negated, value, place, depth + 1))
    return fail(place, "is what it may not be");
  return check_condition(schema, value, place, depth);
}

bool SchemaCheckRun::check_condition(const Json& schema, const Json& value, const std::string& place, int depth) {
  auto condition = schema.find("if");
  if (condition == schema.end()) return true;
  auto branch = schema.find(fits(*condition, value, place, depth + 1) ? "then" : "else");
  return branch == schema.end() || check(*branch, value, place, depth + 1);
}

bool SchemaCheckRun::check_number(const Json& schema, const Json& value, const std::string& place) {
  const double number = value.get<double>();
  if (auto low = json_number(schema, "minimum"); low && number < *low) return fail(place, "is below the minimum");
  if (auto high = json_number(schema, "maximum"); high && number > *high) return fail(place, "is above the maximum");
  if (auto low = json_number(schema, "exclusiveMinimum"); low && number <= *low)
    return fail(place, "is not above exclusiveMinimum");
  if (auto high = json_number(schema, "exclusiveMaximum"); high && number >= *high)
    return fail(place, "is not below exclusiveMaximum");
  auto step = json_number(schema, "multipleOf");
  return !step || is_multiple(value, *step) || fail(place, "is no multiple of multipleOf");
}

bool SchemaCheckRun::matches(const grammar::Automaton& automaton, std::string_view text) {
  auto found = grammar::matches_within(automaton, text, steps_, kMostSteps);
  if (!found) steps_ = kMostSteps + 1;
  return found.value_or(false);
}

bool SchemaCheckRun::has_pattern(const std::string& pattern, std::string_view text) {
  auto found = check_.patterns_.find(pattern);
  return found == check_.patterns_.end() || matches(*found->second, text);
}

bool SchemaCheckRun::check_text(const Json& schema, const Json& value, const std::string& place) {
  const auto& text = value.get_ref<const std::string&>();
  const auto length = static_cast<int64_t>(count_code_points(text));
  if (length < limit_of(schema, "minLength", 0)) return fail(place, "is shorter than minLength");
  if (length > limit_of(schema, "maxLength", INT64_MAX)) return fail(place, "is longer than maxLength");
  if (schema.contains("pattern") && !has_pattern(json_string(schema, "pattern"), text))
    return fail(place, "does not fit pattern");
  auto format = check_.formats_.find(json_string(schema, "format"));
  return format == check_.formats_.end() || matches(*format->second, text) || fail(place, "does not fit format");
}

}  // namespace malmoi::reward
