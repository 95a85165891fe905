// `format % values` of format.h.
#include <algorithm>

#include "base/utf8.h"
#include "chat/jinja/escape.h"
#include "chat/jinja/format.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/print.h"
#include "chat/jinja/unicode.h"

namespace malmoi::chat::jinja {
namespace {

struct PercentSpec {
  bool left = false, zero = false;
  NumberFormat number;
  int64_t width = 0;
};

class PercentFormatter {
 public:
  PercentFormatter(Run& run, const Text& format, const Value& values) : run_(run), format_(format), values_(values) {
    is_tuple_ = values.list() && values.list()->is_tuple();
  }

  Result<Value> run() {
    const std::string& text = format_.bytes;
    while (at_ < text.size()) {
      size_t found = std::min(text.find('%', at_), text.size());
      out_.append(text, at_, found - at_);
      at_ = found;
      if (at_ < text.size()) MALMOI_TRY(conversion());
      MALMOI_TRY(run_.budget().room(out_.size()));
    }
    // One value that has items may stand for names that the format does not use.
    const bool single = values_.is_number() || values_.is_none() || values_.text();
    const bool rest = is_tuple_ ? next_ < values_.list()->items.size() : next_ == 0 && single;
    if (rest) return type_error("not all values found a place in the format");
    return run_.text(std::move(out_), format_.markup);
  }

 private:
  char now() const { return at_ < format_.bytes.size() ? format_.bytes[at_] : '\0'; }

  Result<Value> next_value() {
    if (is_tuple_ && next_ < values_.list()->items.size()) return values_.list()->items[next_++];
    if (!is_tuple_ && next_ == 0) return ++next_, values_;
    return type_error("the format has more places than values");
  }

  Result<int64_t> number() {
    if (now() == '*') {
      ++at_;
      MALMOI_ASSIGN(Value value, next_value());
      return index_argument("%", value);
    }
    int64_t value = 0;
    for (; now() >= '0' && now() <= '9'; ++at_) value = std::min<int64_t>(value * 10 + (now() - '0'), int64_t{1} << 32);
    return value;
  }

  Result<PercentSpec> spec() {
    PercentSpec spec;
    for (bool flags = true; flags;) {
      switch (now()) {
        case '-': spec.left = true; break;
        case '+': spec.number.sign = '+'; break;
        case ' ': spec.number.sign = spec.number.sign == '+' ? '+' : ' '; break;
        case '#': spec.number.alternate = true; break;
        case '0': spec.zero = true; break;
        default: flags = false; continue;
      }
      ++at_;
    }
    MALMOI_ASSIGN(spec.width, number());
    if (spec.width < 0) {
      spec.left = true;
      spec.width = -spec.width;
    }
    if (now() == '.') {
      ++at_;
      MALMOI_ASSIGN(int64_t precision, number());
      if (precision > kMaxPrecision) return unsupported("a precision is above 1000", "", "use a smaller one");
      spec.number.precision = static_cast<int>(std::max<int64_t>(precision, 0));
    }
    while (now() == 'l' || now() == 'h' || now() == 'L') ++at_;
    return spec;
  }

  // At '%'.
  Status conversion() {
    ++at_;
    std::optional<Value> named;
    if (now() == '(') {
      size_t end = format_.bytes.find(')', at_);
      if (end == std::string::npos) return type_error("a format has '%(' without ')'");
      if (!values_.dict()) return type_error("a format with names wants a dict");
      std::string name = format_.bytes.substr(at_ + 1, end - at_ - 1);
      const Value* held = values_.dict()->find(std::string_view(name));
      if (!held) return type_error("the format's '" + name + "' is not there");
      named = *held;
      at_ = end + 1;
    }
    MALMOI_ASSIGN(PercentSpec form, spec());
    const char type = now();
    ++at_;
    if (type == '%') return out_ += '%', Status();
    Value value;
    if (named) {
      value = *std::move(named);
    } else {
      MALMOI_ASSIGN(value, next_value());
    }
    if (type == 's' || type == 'r' || type == 'a' || type == 'c') return text(type, form, value);
    return numeric(type, form, value);
  }

  Status text(char type, const PercentSpec& form, const Value& value) {
    std::string shown;
    if (type == 's') {
      MALMOI_ASSIGN(shown, run_.string_of(value));
      if (format_.markup && !(value.text() && value.text()->markup)) shown = escaped(shown);
    } else if (type == 'c') {
      if (value.is_integer() && value.as_int() >= 0 && value.as_int() <= 0x10FFFF)
        append_utf8(shown, static_cast<char32_t>(value.as_int()));
      else if (value.text() && value.text()->length == 1) shown = value.text()->bytes;
      else return type_error("%c wants a character");
    } else {
      MALMOI_ASSIGN(shown, run_.repr_of(value));
      if (type == 'a') shown = ascii_escaped(shown);
    }
    if (form.number.precision >= 0 && type != 'c') shown.resize(first_bytes(shown, form.number.precision));
    return put("", shown, form, ' ');
  }

  Status numeric(char type, const PercentSpec& form, const Value& value) {
    NumberFormat format = form.number;
    format.type = type == 'i' || type == 'u' ? 'd' : type;
    constexpr std::string_view kIntegers = "dxXo";
    const bool wants_integer = kIntegers.find(format.type) != kIntegers.npos;
    if (!wants_integer && std::string_view("eEfFgG").find(format.type) == std::string_view::npos)
      return type_error(std::string("a format has no conversion '") + type + "'");
    if (!value.is_number()) {
      if (value.is_undefined()) return type_error(value.message());
      return type_error(std::string("%") + type + " wants a number, not '" + value.type_name() + "'");
    }
    FormattedNumber made;
    if (wants_integer) {
      if (value.is_float() && format.type != 'd') return type_error(std::string("%") + type + " wants a whole number");
      if (value.is_float() && !(std::abs(value.as_float()) < 0x1p126)) return type_error("%d wants a finite number");
      Int whole = value.is_float() ? static_cast<Int>(value.as_float()) : value.as_int();
      MALMOI_ASSIGN(made, format_integer(whole, format));
    } else {
      MALMOI_ASSIGN(made, format_float(value.as_float(), format));
    }
    return put(made.sign + made.prefix, made.digits, form, form.zero && !form.left ? '0' : ' ');
  }

  Status put(const std::string& before, const std::string& shown, const PercentSpec& form, char fill) {
    int64_t missing = form.width - static_cast<int64_t>(before.size() + count_code_points(shown));
    missing = std::max<int64_t>(missing, 0);
    MALMOI_TRY(run_.budget().room(out_.size() + static_cast<size_t>(missing)));
    std::string padding(static_cast<size_t>(missing), fill);
    if (form.left) out_ += before + shown + padding;
    else if (fill == '0') out_ += before + padding + shown;
    else out_ += padding + before + shown;
    return {};
  }

  Run& run_;
  const Text& format_;
  const Value& values_;
  bool is_tuple_;
  size_t at_ = 0, next_ = 0;
  std::string out_;
};

}  // namespace

Result<Value> percent_format(Run& run, const Text& format, const Value& values) {
  return PercentFormatter(run, format, values).run();
}

}  // namespace malmoi::chat::jinja
