// `'{}'.format(values)` of format.h.
#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "chat/jinja/format.h"
#include "chat/jinja/methods.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/print.h"
#include "chat/jinja/text_methods.h"
#include "chat/jinja/unicode.h"

namespace malmoi::chat::jinja {
namespace {

// [[fill]align][sign][z][#][0][width][grouping][.precision][type]
struct Spec {
  std::string fill = " ";
  char align = '\0', type = '\0';
  NumberFormat number;
  bool zero = false, has_sign = false;
  int64_t width = 0, precision = -1;
};

Result<Spec> read_spec(std::string_view text) {
  Spec spec;
  constexpr std::string_view kAligns = "<>=^";
  if (!text.empty()) {
    size_t first = utf8_length(text[0]);
    if (text.size() > first && kAligns.find(text[first]) != kAligns.npos) {
      spec.fill = text.substr(0, first);
      spec.align = text[first];
      text.remove_prefix(first + 1);
    } else if (kAligns.find(text[0]) != kAligns.npos) {
      spec.align = text[0];
      text.remove_prefix(1);
    }
  }
  auto take = [&](char c) { return !text.empty() && text[0] == c && (text.remove_prefix(1), true); };
  auto number = [&] {
    int64_t value = 0;
    for (; !text.empty() && is_ascii_digit(text[0]); text.remove_prefix(1))
      value = std::min<int64_t>(value * 10 + (text[0] - '0'), int64_t{1} << 32);
    return value;
  };
  for (char sign : {'+', '-', ' '}) {
    if (spec.has_sign || !take(sign)) continue;
    spec.number.sign = sign;
    spec.has_sign = true;
  }
  spec.number.alternate = take('#');
  spec.zero = take('0');
  spec.width = number();
  if (take(',')) spec.number.grouping = ',';
  else if (take('_')) spec.number.grouping = '_';
  if (take('.')) {
    if (text.empty() || !is_ascii_digit(text[0])) return type_error("a format has a point without a precision");
    spec.precision = number();
    if (spec.precision > kMaxPrecision) return unsupported("a precision is above 1000", "", "use a smaller one");
  }
  if (text.size() > 1) return type_error("a format has a form that no value knows: '" + std::string(text) + "'");
  if (!text.empty()) spec.type = text[0];
  return spec;
}

class Formatter {
 public:
  Formatter(Run& run, std::string_view format, const Args& args) : run_(run), args_(args), format_(format) {}

  Result<std::string> run() { return expand(format_, 2); }

 private:
  Error bad(const char* what) const { return type_error(std::string("a format has ") + what); }

  Result<std::string> expand(std::string_view text, int depth) {
    if (depth < 0) return bad("fields too deep in each other");
    std::string out;
    for (size_t at = 0; at < text.size();) {
      const char c = text[at];
      if (c != '{' && c != '}') {
        out += text[at++];
        continue;
      }
      if (at + 1 < text.size() && text[at + 1] == c) {
        out += c;
        at += 2;
        continue;
      }
      if (c == '}') return bad("a '}' that closes nothing");
      size_t end = at + 1;
      for (int open = 1; end < text.size(); ++end) {
        if (text[end] == '[') end = std::min(text.find(']', end), text.size() - 1);
        open += text[end] == '{' ? 1 : text[end] == '}' ? -1 : 0;
        if (open == 0) break;
      }
      if (end >= text.size()) return bad("a '{' without '}'");
      MALMOI_ASSIGN(std::string shown, field(text.substr(at + 1, end - at - 1), depth));
      MALMOI_TRY(run_.budget().room(out.size() + shown.size()));
      run_.step();
      out += shown;
      at = end + 1;
    }
    return out;
  }

  Result<std::string> field(std::string_view text, int depth) {
    size_t end = 0;
    while (end < text.size() && text[end] != '!' && text[end] != ':') {
      if (text[end] == '[') end = std::min(text.find(']', end), text.size() - 1);
      ++end;
    }
    MALMOI_ASSIGN(Value value, find(text.substr(0, end)));
    std::string_view rest = text.substr(end);
    if (!rest.empty() && rest[0] == '!') {
      if (rest.size() < 2 || (rest.size() > 2 && rest[2] != ':')) return bad("a conversion that is none");
      std::string shown;
      if (rest[1] == 's') {
        MALMOI_ASSIGN(shown, run_.string_of(value));
      } else if (rest[1] == 'r' || rest[1] == 'a') {
        MALMOI_ASSIGN(shown, run_.repr_of(value));
        if (rest[1] == 'a') shown = ascii_escaped(shown);
      } else {
        return bad("a conversion that is none");
      }
      value = run_.text(std::move(shown));
      rest.remove_prefix(2);
    }
    if (!rest.empty()) rest.remove_prefix(1);
    MALMOI_ASSIGN(std::string form, expand(rest, depth - 1));
    return shown_as(value, form);
  }

  // `name.attribute[key]`, by the rules of the template.
  Result<Value> find(std::string_view text) {
    size_t end = std::min(text.find_first_of(".["), text.size());
    std::string_view name = text.substr(0, end);
    Value value;
    const bool number = !name.empty() && std::all_of(name.begin(), name.end(), is_ascii_digit);
    if (name.empty() || number) {
      if (name.empty() ? manual_ : automatic_) return bad("numbered fields beside fields without a number");
      (name.empty() ? automatic_ : manual_) = true;
      size_t index = name.empty() ? next_++ : name.size() > 6 ? SIZE_MAX : std::stoul(std::string(name));
      if (index >= args_.positional.size()) return type_error("a format has more fields than values");
      value = args_.positional[index];
    } else {
      const Value* named = args_.find(name);
      if (!named) return type_error("the format's '" + std::string(name) + "' is not there");
      value = *named;
    }
    std::string_view rest = text.substr(end);
    while (!rest.empty()) {
      const bool item = rest[0] == '[';
      size_t stop = item ? rest.find(']') : std::min(rest.find_first_of(".[", 1), rest.size());
      if (stop == rest.npos || stop < 2) return bad("a field without a name");
      std::string key(rest.substr(1, stop - 1));
      rest.remove_prefix(stop + (item ? 1 : 0));
      const bool index = item && key.size() < 10 && std::all_of(key.begin(), key.end(), is_ascii_digit);
      MALMOI_ASSIGN(value, !item ? attribute(run_, value, key)
                                 : subscript(run_, value, index ? Value(std::stoi(key)) : run_.text(key)));
    }
    return value;
  }

  Result<std::string> shown_as(const Value& value, const std::string& form) {
    if (form.empty()) return run_.string_of(value);
    MALMOI_ASSIGN(Spec spec, read_spec(form));
    if (value.is_integer() && !(value.is_bool() && spec.type == 's')) return integer(value.as_int(), spec);
    if (value.is_float()) return floating(value.as_float(), spec);
    if (!value.text()) return type_error(std::string("'") + value.type_name() + "' has no formats");
    if ((spec.type != '\0' && spec.type != 's') || spec.has_sign || spec.number.alternate || spec.number.grouping ||
        spec.align == '=')
      return type_error("a text has no such format");
    std::string shown = value.text()->bytes;
    if (spec.precision >= 0) shown.resize(first_bytes(shown, spec.precision));
    if (spec.zero && spec.align == '\0') spec.fill = "0";
    return padded_to(spec, shown, '<');
  }

  Result<std::string> integer(Int value, const Spec& spec) {
    if (spec.type == 'c') {
      if (value < 0 || value > 0x10FFFF) return type_error("a format wants the number of a character");
      std::string shown;
      append_utf8(shown, static_cast<char32_t>(value));
      return padded_to(spec, shown, '<');
    }
    NumberFormat number = spec.number;
    number.type = spec.type == '\0' || spec.type == 'n' ? 'd' : spec.type;
    const bool whole = std::string_view("dboxX").find(number.type) != std::string_view::npos;
    if (whole && spec.precision >= 0) return type_error("a whole number has no precision");
    number.precision = static_cast<int>(spec.precision);
    MALMOI_ASSIGN(FormattedNumber made, format_integer(value, number));
    return numeric(spec, made);
  }

  Result<std::string> floating(double value, const Spec& spec) {
    NumberFormat number = spec.number;
    number.precision = static_cast<int>(spec.precision);
    number.type = spec.type == 'n' ? 'g' : spec.type;
    FormattedNumber made;
    if (spec.type == '\0') {  // as repr(), or `g` with a point
      number.type = 'g';
      MALMOI_ASSIGN(made, format_float(value, number));
      if (spec.precision < 0) {
        std::string shown = print_float(std::abs(value));
        made.digits = spec.number.grouping ? grouped(shown, spec.number.grouping, 3) : shown;
      } else if (std::isfinite(value) && made.digits.find_first_of(".e") == std::string::npos) {
        made.digits += ".0";
      }
    } else {
      MALMOI_ASSIGN(made, format_float(value, number));
    }
    return numeric(spec, made);
  }

  Result<std::string> numeric(const Spec& spec, const FormattedNumber& made) {
    std::string before = made.sign + made.prefix;
    const bool inner = spec.align == '=' || (spec.align == '\0' && spec.zero);
    if (!inner) {
      Spec plain = spec;
      if (spec.zero && spec.fill == " " && spec.align != '\0') plain.fill = "0";
      return padded_to(plain, before + made.digits, '>');
    }
    int64_t missing = spec.width - static_cast<int64_t>(before.size() + made.digits.size());
    MALMOI_ASSIGN(std::string digits, padded(run_, made.digits, missing, 0, spec.zero ? "0" : spec.fill));
    return before + digits;
  }

  Result<std::string> padded_to(const Spec& spec, const std::string& shown, char align) {
    align = spec.align ? spec.align : align;
    int64_t missing = std::max<int64_t>(spec.width - static_cast<int64_t>(count_code_points(shown)), 0);
    int64_t left = align == '<' ? 0 : align == '>' ? missing : missing / 2;
    return padded(run_, shown, left, missing - left, spec.fill);
  }

  Run& run_;
  const Args& args_;
  std::string_view format_;
  size_t next_ = 0;
  bool automatic_ = false, manual_ = false;
};

}  // namespace

Result<Value> method_format(Run& run, const Value& self, const Args& args) {
  MALMOI_ASSIGN(std::string out, Formatter(run, self.text()->bytes, args).run());
  return run.text(std::move(out), self.text()->markup);
}

Result<Value> method_format_map(Run& run, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("format_map", args, 1, 1));
  const Dict* names = args.positional[0].dict();
  if (!names) return type_error("format_map() wants a dict");
  Args named;
  for (const auto& [key, value] : names->entries) {
    if (key.text()) named.named.emplace_back(key.text()->bytes, value);
  }
  return method_format(run, self, named);
}

}  // namespace malmoi::chat::jinja
