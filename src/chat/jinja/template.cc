#include "chat/jinja/template.h"

#include <chrono>
#include <ctime>

#include "base/utf8.h"
#include "chat/jinja/interpreter.h"
#include "chat/jinja/lexer.h"
#include "chat/jinja/parser.h"

namespace malmoi::chat::jinja {
namespace {

constexpr size_t kMaxSource = size_t{4} << 20;

Value to_value(Run& run, const Json& json) {
  switch (json.type()) {
    case Json::value_t::boolean: return json.get<bool>();
    case Json::value_t::number_integer: return json.get<int64_t>();
    case Json::value_t::number_unsigned: return Int{json.get<uint64_t>()};
    case Json::value_t::number_float: return json.get<double>();
    case Json::value_t::string: {
      const auto& text = json.get_ref<const std::string&>();
      return run.text(is_valid_utf8(text) ? text : replace_invalid_utf8(text));
    }
    case Json::value_t::array: {
      Values items;
      items.reserve(json.size());
      for (const Json& item : json) items.push_back(to_value(run, item));
      return run.list(std::move(items));
    }
    case Json::value_t::object: {
      auto made = std::make_shared<Dict>();
      for (const auto& [key, value] : json.items())
        made->set(run.text(replace_invalid_utf8(key)), to_value(run, value));
      return run.dict(std::move(made));
    }
    default: return {};
  }
}

Error named(Error error, const std::string& name) {
  error.where = error.where.empty() ? name : name + ", " + error.where;
  return error;
}

bool digits(std::string_view& text, size_t count, int& out) {
  if (text.size() < count) return false;
  out = 0;
  for (size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool separator(std::string_view& text, std::string_view any) {
  if (text.empty() || any.find(text[0]) == any.npos) return false;
  text.remove_prefix(1);
  return true;
}

bool read_moment(std::string_view text, Run::Moment& m) {
  if (!digits(text, 4, m.year) || !separator(text, "-") || !digits(text, 2, m.month) || !separator(text, "-") ||
      !digits(text, 2, m.day))
    return false;
  if (text.empty()) return true;
  if (!separator(text, "T ") || !digits(text, 2, m.hour) || !separator(text, ":") || !digits(text, 2, m.minute))
    return false;
  if (text.empty()) return true;
  if (!separator(text, ":") || !digits(text, 2, m.second)) return false;
  if (text.empty()) return true;
  if (!separator(text, ".,") || text.empty() || text.size() > 6) return false;
  const size_t count = text.size();
  if (!digits(text, count, m.microsecond)) return false;
  for (size_t i = count; i < 6; ++i) m.microsecond *= 10;
  return true;
}

}  // namespace

Result<Run::Moment> parse_moment(std::string_view text) {
  Run::Moment m;
  if (read_moment(text, m) && m.year >= 1 && (std::chrono::year(m.year) / m.month / m.day).ok() && m.hour < 24 &&
      m.minute < 60 && m.second < 60)
    return m;
  return usage_error("'" + std::string(text.substr(0, 40)) + "' is no date and time", "strftime_now",
                     "write it as 2025-07-26T09:05:03");
}

Run::Moment local_moment() {
  std::time_t now = std::time(nullptr);
  std::tm time{};
  localtime_r(&now, &time);
  return {time.tm_year + 1900, time.tm_mon + 1, time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec, 0};
}

struct Template::Parts {
  std::string name, source;
  Tree tree;
};

Result<Template> Template::parse(std::string_view source, std::string name) {
  if (source.size() > kMaxSource)
    return unsupported("a template is larger than 4 MiB", std::move(name), "use a smaller one");
  auto parts = std::make_shared<Parts>();
  parts->source = normalized_source(replace_invalid_utf8(source));
  parts->name = std::move(name);
  auto tree = jinja::parse(parts->source);
  if (!tree.ok()) return named(std::move(tree).error(), parts->name);
  parts->tree = *std::move(tree);
  return Template(std::move(parts));
}

Result<Rendered> Template::render(const Json& variables, const Run::Moment& now, const Limits& limits) const {
  Interpreter interpreter(parts_->source, parts_->tree, now, limits);
  Value given = to_value(interpreter, variables.is_object() ? variables : Json::object());
  if (Status fits = interpreter.budget().check(); !fits.ok()) return named(std::move(fits).error(), parts_->name);
  auto rendering = interpreter.run(std::move(given));
  if (!rendering.ok()) return named(std::move(rendering).error(), parts_->name);
  return Rendered{std::move(rendering->text), std::move(rendering->spans)};
}

const std::string& Template::source() const { return parts_->source; }

}  // namespace malmoi::chat::jinja
