#include "chat/jinja/arguments.h"

#include <algorithm>

namespace malmoi::chat::jinja {

Error type_error(std::string what) { return invalid_data(std::move(what), "", "change the template or its variables"); }

const Value* Args::find(std::string_view name) const {
  for (const auto& [held, value] : named) {
    if (held == name) return &value;
  }
  return nullptr;
}

Result<Bound> bind(std::string_view function, const Args& args, std::initializer_list<std::string_view> names,
                   size_t required) {
  const std::string called = std::string(function) + "()";
  if (args.positional.size() > names.size())
    return type_error(called + " takes at most " + std::to_string(names.size()) + " arguments, not " +
                      std::to_string(args.positional.size()));
  std::vector<const Value*> values(names.size(), nullptr);
  for (size_t i = 0; i < args.positional.size(); ++i) values[i] = &args.positional[i];
  for (const auto& [name, value] : args.named) {
    const auto* found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return type_error(called + " has no argument '" + name + "'");
    const Value*& place = values[static_cast<size_t>(found - names.begin())];
    if (place) return type_error(called + " was given '" + name + "' twice");
    place = &value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (!values[i]) return type_error(called + " misses its argument '" + std::string(names.begin()[i]) + "'");
  }
  return Bound(std::move(values));
}

Status check_count(std::string_view function, const Args& args, size_t least, size_t most) {
  if (!args.named.empty())
    return type_error(std::string(function) + "() takes no argument by name ('" + args.named[0].first + "')");
  size_t count = args.positional.size();
  if (count >= least && count <= most) return {};
  std::string wanted = std::to_string(least) + (most > least ? " to " + std::to_string(most) : "");
  return type_error(std::string(function) + "() takes " + wanted + " arguments, not " + std::to_string(count));
}

Result<Int> integer_argument(std::string_view function, const Value& value) {
  if (value.is_integer()) return value.as_int();
  if (value.is_undefined()) return type_error(value.message());
  return type_error(std::string(function) + "() wants a whole number, not '" + value.type_name() + "'");
}

Result<int64_t> index_argument(std::string_view function, const Value& value) {
  MALMOI_ASSIGN(Int number, integer_argument(function, value));
  return static_cast<int64_t>(std::clamp<Int>(number, -(Int{1} << 31), Int{1} << 31));
}

Result<std::string_view> text_argument(std::string_view function, const Value& value) {
  if (const Text* text = value.text()) return std::string_view(text->bytes);
  if (value.is_undefined()) return type_error(value.message());
  return type_error(std::string(function) + "() wants a text, not '" + value.type_name() + "'");
}

}  // namespace malmoi::chat::jinja
