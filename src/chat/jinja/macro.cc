// Macros of the interpreter.
#include <algorithm>

#include "chat/jinja/calls.h"
#include "chat/jinja/interpreter.h"

namespace malmoi::chat::jinja {

Status Macro::print(std::string& out, int) const {
  out += parts_->name.empty() ? "<Macro anonymous>" : "<Macro '" + parts_->name + "'>";
  return {};
}

Result<std::optional<Value>> Macro::attribute(Run& run, std::string_view name) {
  std::optional<Value> value;
  if (name == "name") value = parts_->name.empty() ? Value() : run.text(parts_->name);
  if (name == "caller") value = parts_->uses_caller;
  if (name == "catch_kwargs") value = parts_->uses_kwargs;
  if (name == "catch_varargs") value = parts_->uses_varargs;
  if (name != "arguments") return value;
  Values names;
  for (const Parameter& parameter : parts_->parameters) names.push_back(run.text(parameter.name));
  return std::optional<Value>(run.tuple(std::move(names)));
}

// Arguments by position, then by name; what is left over goes to `caller`, `kwargs` and `varargs`, where the body uses them.
Result<std::shared_ptr<Scope>> Macro::frame(Interpreter& interpreter, const Args& args) const {
  const std::string shown = parts_->name.empty() ? "caller" : parts_->name;
  std::shared_ptr<Scope> scope = interpreter.inner(scope_, *hidden_);
  std::vector<std::pair<std::string, Value>> named = args.named;
  auto take = [&](std::string_view name) -> std::optional<Value> {
    for (size_t i = 0; i < named.size(); ++i) {
      if (named[i].first != name) continue;
      Value value = std::move(named[i].second);
      named.erase(named.begin() + static_cast<std::ptrdiff_t>(i));
      return value;
    }
    return {};
  };
  const auto& parameters = parts_->parameters;
  const size_t by_position = std::min(args.positional.size(), parameters.size());
  bool has_caller = false;
  std::vector<const Parameter*> missing;
  for (size_t i = 0; i < parameters.size(); ++i) {
    has_caller = has_caller || parameters[i].name == "caller";
    std::optional<Value> value = i < by_position ? args.positional[i] : take(parameters[i].name);
    if (value) scope->set(parameters[i].name, *std::move(value));
    else missing.push_back(&parameters[i]);
  }
  if (parts_->uses_caller && !has_caller)
    scope->set("caller", take("caller").value_or(Value::undefined("no caller is defined")));
  if (parts_->uses_kwargs) {
    auto rest = std::make_shared<Dict>();
    for (auto& [name, value] : named) rest->set(interpreter.text(name), std::move(value));
    scope->set("kwargs", interpreter.dict(std::move(rest)));
  } else if (!named.empty()) {
    return type_error("the macro '" + shown + "' has no argument '" + named[0].first + "'");
  }
  if (parts_->uses_varargs) {
    Values rest(args.positional.begin() + static_cast<std::ptrdiff_t>(by_position), args.positional.end());
    scope->set("varargs", interpreter.tuple(std::move(rest)));
  } else if (args.positional.size() > parameters.size()) {
    return type_error("the macro '" + shown + "' takes at most " + std::to_string(parameters.size()) + " arguments");
  }
  for (const Parameter* parameter : missing) {
    Value value = Value::undefined("the argument '" + parameter->name + "' was not given");
    if (parameter->fallback) {
      MALMOI_ASSIGN(value, interpreter.evaluate(*parameter->fallback, scope));
    }
    scope->set(parameter->name, std::move(value));
  }
  return scope;
}

Result<Value> Macro::call(Run& run, const Args& args) {
  auto& interpreter = static_cast<Interpreter&>(run);
  Interpreter::Level level = interpreter.level();
  MALMOI_TRY(level.check());
  MALMOI_ASSIGN(std::shared_ptr<Scope> scope, frame(interpreter, args));
  MALMOI_ASSIGN(std::string body, interpreter.capture(*body_, scope));
  return interpreter.text(std::move(body), interpreter.autoescapes());
}

}  // namespace malmoi::chat::jinja
