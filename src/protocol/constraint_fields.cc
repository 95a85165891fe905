#include "protocol/constraint_fields.h"

#include <utility>

namespace malmoi::protocol {
namespace {

using chat::Constraint;
using Kind = Constraint::Kind;

// {"json_schema": {"name", "schema"}}
std::optional<Constraint> read_nested_schema(Fields& format) {
  const Json* given = format.raw("json_schema");
  if (!given || !given->is_object()) {
    format.fail("json_schema", "there is none", "give {\"name\": ..., \"schema\": {...}}");
    return {};
  }
  Fields inner(*given, "response_format.json_schema.");
  const Json* rule = inner.raw("schema");
  inner.ignore({"name", "description", "strict"});  // a schema is always kept to
  if (Status done = inner.finish(); !done.ok()) format.fail(done.error());
  return rule ? schema_constraint(*rule) : Constraint{Kind::kJsonSchema, "true"};
}

// The schema beside the format's type.
std::optional<Constraint> read_flat_schema(Fields& format) {
  const Json* rule = format.raw("schema");
  format.ignore({"name", "description", "strict"});
  if (rule) return schema_constraint(*rule);
  format.fail("schema", "there is none", "give a JSON schema");
  return {};
}

using ReadSchema = std::optional<Constraint> (*)(Fields& format);

std::optional<Constraint> read_type(Fields& format, ReadSchema read_schema) {
  const std::string type = format.text("type").value_or("");
  if (type == "text") return {};
  if (type == "json_schema") return read_schema(format);
  if (type == "json_object") {
    const Json* rule = format.raw("schema");  // as llama.cpp's server takes it
    return rule ? schema_constraint(*rule) : Constraint{Kind::kJsonObject, ""};
  }
  format.fail("type", "is none that is known", "use text, json_object or json_schema");
  return {};
}

// The object `name`, whose fields have `prefix` before their names in errors.
std::optional<Constraint> read_format(Fields& fields, const char* name, std::string prefix, ReadSchema read_schema) {
  const Json* format = fields.raw(name);
  if (!format) return {};
  if (!format->is_object()) {
    fields.fail(name, "is not an object", "for example {\"type\": \"json_object\"}");
    return {};
  }
  Fields inner(*format, std::move(prefix));
  auto constraint = read_type(inner, read_schema);
  if (Status done = inner.finish(); !done.ok()) fields.fail(done.error());
  return constraint;
}

// Text for a regular expression that stands for itself.
std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}/-").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::optional<Constraint> read_guided_choice(Fields& fields) {
  constexpr size_t kMostChoices = 4096;
  const Json* given = fields.raw("guided_choice");
  const std::vector<std::string> choices = fields.texts("guided_choice", kMostChoices);
  if (given && choices.empty()) fields.fail("guided_choice", "has no text to choose", "list one or more");
  if (choices.empty()) return {};
  return choice_constraint(choices);
}

}  // namespace

chat::Constraint schema_constraint(const Json& value) {
  return {Kind::kJsonSchema, value.is_string() ? value.get<std::string>() : dump_json(value)};
}

chat::Constraint choice_constraint(const std::vector<std::string>& choices) {
  std::string regex;
  for (const std::string& choice : choices) regex += (regex.empty() ? "" : "|") + escaped(choice);
  return {Kind::kRegex, regex};
}

std::optional<Constraint> read_constraint(Fields& fields) {
  std::optional<Constraint> constraint;
  auto take = [&](const char* name, std::optional<Constraint> found) {
    if (!found) return;
    if (constraint) fields.fail(name, "stands beside another rule for the answer", "leave one of them out");
    constraint = std::move(found);
  };
  auto text = [&](const char* name, Kind kind) -> std::optional<Constraint> {
    auto given = fields.text(name);
    if (!given || given->empty()) return {};
    return Constraint{kind, *std::move(given)};
  };
  auto json = [&](const char* name) -> std::optional<Constraint> {
    const Json* given = fields.raw(name);
    if (!given) return {};
    return schema_constraint(*given);
  };
  take("response_format", read_format(fields, "response_format", "response_format.", read_nested_schema));
  take("json_schema", json("json_schema"));
  take("grammar", text("grammar", Kind::kGbnf));
  take("guided_json", json("guided_json"));
  take("guided_regex", text("guided_regex", Kind::kRegex));
  take("guided_choice", read_guided_choice(fields));
  take("guided_grammar", text("guided_grammar", Kind::kGbnf));
  return constraint;
}

std::optional<Constraint> read_text_format(Fields& text) {
  return read_format(text, "format", "text.format.", read_flat_schema);
}

}  // namespace malmoi::protocol
