#include "reward/schema_check.h"

#include <algorithm>
#include <utility>

#include "grammar/regex.h"
#include "grammar/schema_formats.h"
#include "grammar/schema_keywords.h"
#include "grammar/schema_reference.h"
#include "reward/schema_check_run.h"

namespace malmoi::reward {
namespace {

constexpr int kDeepest = 200;  // schemas within each other

// What stands under a keyword: nothing of a schema, one, a list of them, one by name.
enum class Under : uint8_t { kNoSchema, kSchema, kList, kNames };

Under under(std::string_view keyword, const Json& value) {
  constexpr std::string_view kOne[] = {
      "not", "if", "then", "else", "items", "contains", "propertyNames", "additionalProperties", "additionalItems"};
  constexpr std::string_view kSeveral[] = {"anyOf", "oneOf", "allOf", "prefixItems"};
  constexpr std::string_view kNamed[] = {"properties", "patternProperties", "dependentSchemas", "dependencies",
                                         "$defs",      "definitions"};
  auto is_in = [&](const auto& list) { return std::find(std::begin(list), std::end(list), keyword) != std::end(list); };
  if (is_in(kOne)) return value.is_array() ? Under::kList : Under::kSchema;
  if (is_in(kSeveral)) return Under::kList;
  return is_in(kNamed) ? Under::kNames : Under::kNoSchema;
}

Error malformed(const std::string& where, const char* what) {
  return usage_error(std::string("malformed schema: ") + what, where,
                     "see docs/generation.md for what a schema may say");
}

}  // namespace

Result<SchemaCheck> SchemaCheck::make(Json schema, const std::string& where) {
  SchemaCheck check;
  check.schema_ = std::make_shared<const Json>(std::move(schema));
  MALMOI_TRY(check.prepare(*check.schema_, where + "#", 0));
  return check;
}

Status SchemaCheck::prepare(const Json& schema, const std::string& where, int depth) {
  if (schema.is_boolean()) return {};
  if (!schema.is_object()) return malformed(where, "an object was expected");
  if (depth > kDeepest) return malformed(where, "nested too deeply");
  MALMOI_TRY(grammar::check_keywords(schema, where));
  for (const auto& [keyword, value] : schema.items()) {
    const std::string place = where + "/" + keyword;
    if (keyword == "pattern" && value.is_string()) MALMOI_TRY(add_expression(value.get<std::string>(), false, place));
    if (keyword == "format" && value.is_string()) MALMOI_TRY(add_expression(value.get<std::string>(), true, place));
    if (keyword == "$ref" && (!value.is_string() || !grammar::find_reference(*schema_, value.get<std::string>())))
      return malformed(place, "there is nothing at this reference, or it is none within the schema");
    switch (under(keyword, value)) {
      case Under::kNoSchema: break;
      case Under::kSchema: MALMOI_TRY(prepare(value, place, depth + 1)); break;
      case Under::kList:
        if (!value.is_array()) return malformed(place, "a list was expected");
        for (const Json& one : value) MALMOI_TRY(prepare(one, place, depth + 1));
        break;
      case Under::kNames:
        if (!value.is_object()) return malformed(place, "an object was expected");
        for (const auto& [name, one] : value.items()) {
          if (keyword == "patternProperties") MALMOI_TRY(add_expression(name, false, place));
          if (!one.is_array()) MALMOI_TRY(prepare(one, place, depth + 1));  // `dependencies` lists names, too
        }
    }
  }
  return {};
}

Status SchemaCheck::add_expression(const std::string& text, bool format, const std::string& where) {
  auto& known = format ? formats_ : patterns_;
  if (known.contains(text)) return {};
  const char* expression = format ? grammar::format_regex(text) : text.c_str();
  if (!expression)
    return unsupported("the format '" + text + "' is not known", where, "use one of " + grammar::format_names());
  MALMOI_ASSIGN(grammar::Regex regex, grammar::Regex::parse(expression, where));
  const grammar::Grammar texts = format ? regex.whole_grammar(where) : regex.within_grammar(where);
  MALMOI_ASSIGN(grammar::Automaton automaton, grammar::Automaton::compile(texts));
  known[text] = std::make_shared<const grammar::Automaton>(std::move(automaton));
  return {};
}

std::optional<std::string> SchemaCheck::problem(const Json& value) const {
  SchemaCheckRun run(*this);
  const bool is_of_it = run.check(*schema_, value, "", 0);
  if (run.too_costly()) return {};
  return is_of_it ? "" : run.problem();
}

}  // namespace malmoi::reward
