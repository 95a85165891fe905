// Methods of str: what it is made of, and parts of it.
#include <algorithm>

#include "base/utf8.h"
#include "chat/jinja/escape.h"
#include "chat/jinja/methods.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/text_methods.h"
#include "chat/jinja/unicode.h"

namespace malmoi::chat::jinja {

#define X(receiver, name, function) Result<Value> method_##function(Run& run, const Value& self, const Args& args);
#define REFUSED(receiver, name)
#include "chat/jinja/methods.inc"
#undef X
#undef REFUSED

namespace {

const std::string& bytes(const Value& self) { return self.text()->bytes; }

Value like(Run& run, const Value& self, std::string text) { return run.text(std::move(text), self.text()->markup); }

Result<Value> mapped(Run& run, const Value& self, const Args& args, const char* name, Mapping mapping) {
  return jinja::mapped(run, bytes(self), self.text()->markup, args, name, mapping);
}

template <typename Holds>
Result<Value> all_characters(Run& run, const Value& self, const Args& args, const char* name, const Holds& holds) {
  MALMOI_TRY(check_count(name, args, 0, 0));
  run.step(bytes(self).size() / 8);
  std::u32string all = code_points(bytes(self));
  return !all.empty() && std::all_of(all.begin(), all.end(), holds);
}

Result<Value> strip(Run& run, const Value& self, const Args& args, const char* name, bool left, bool right) {
  MALMOI_TRY(check_count(name, args, 0, 1));
  const Value* chars = args.positional.empty() ? nullptr : &args.positional[0];
  MALMOI_ASSIGN(std::string_view kept, stripped(run, bytes(self), chars, name, left, right));
  return like(run, self, std::string(kept));
}

Value parts_of(Run& run, const Value& self, const std::vector<std::string_view>& parts) {
  Values values;
  for (std::string_view part : parts) values.push_back(like(run, self, std::string(part)));
  return run.list(std::move(values));
}

Result<Value> split(Run& run, const Value& self, const Args& args, const char* name, bool from_right) {
  MALMOI_ASSIGN(Bound bound, bind(name, args, {"sep", "maxsplit"}));
  int64_t limit = -1;
  if (bound.given(1)) {
    MALMOI_ASSIGN(limit, index_argument(name, *bound[1]));
  }
  MALMOI_TRY(run.budget().room(sizeof(Text) + 2 * sizeof(Value), bytes(self).size() / 2));
  if (!bound.has(0)) return parts_of(run, self, split_spaces(bytes(self), limit, from_right));
  MALMOI_ASSIGN(std::string_view separator, text_argument(name, *bound[0]));
  if (separator.empty()) return type_error(std::string(name) + "() wants a separator that is not empty");
  MALMOI_TRY(run.search(bytes(self), separator));
  return parts_of(run, self, split_at(bytes(self), separator, limit, from_right));
}

Result<Value> partition(Run& run, const Value& self, const Args& args, const char* name, bool from_right) {
  MALMOI_TRY(check_count(name, args, 1, 1));
  MALMOI_ASSIGN(std::string_view separator, text_argument(name, args.positional[0]));
  if (separator.empty()) return type_error(std::string(name) + "() wants a separator that is not empty");
  const std::string& text = bytes(self);
  MALMOI_TRY(run.search(text, separator));
  size_t found = from_right ? text.rfind(separator) : text.find(separator);
  std::string before = text, at, after;
  if (found != text.npos) {
    before = text.substr(0, found);
    at = separator;
    after = text.substr(found + separator.size());
  } else if (from_right) {
    std::swap(before, after);
  }
  return run.tuple({like(run, self, before), like(run, self, at), like(run, self, after)});
}

// The bytes of text[start:end], which find, count, startswith ... look into, and how many code points stand before.
struct Window {
  std::string_view text;
  int64_t before = 0;
  bool inside = true;  // false: it begins after the text's end, where not even an empty text is found
};
Result<Window> window(const Value& self, const Args& args, const char* name) {
  MALMOI_TRY(check_count(name, args, 1, 3));
  auto at = [&](size_t i) { return args.positional.size() > i ? args.positional[i] : Value(); };
  const int64_t length = self.text()->length;
  MALMOI_ASSIGN(SliceRange range, slice_range(length, at(1), at(2), Value()));
  const size_t begin = self.text()->byte_of(range.first), end = self.text()->byte_of(range.first + range.count);
  bool inside = true;
  if (at(1).is_integer()) inside = at(1).as_int() <= length;
  if (inside && range.count == 0 && !at(2).is_none()) {
    Int last = at(2).as_int() < 0 ? std::max<Int>(at(2).as_int() + length, 0) : at(2).as_int();
    inside = last >= range.first;
  }
  return Window{std::string_view(bytes(self)).substr(begin, end - begin), range.first, inside};
}

Result<int64_t> position(Run& run, const Value& self, const Args& args, const char* name, bool from_right) {
  MALMOI_ASSIGN(Window in, window(self, args, name));
  MALMOI_ASSIGN(std::string_view wanted, text_argument(name, args.positional[0]));
  MALMOI_TRY(run.search(in.text, wanted));
  size_t found = from_right ? in.text.rfind(wanted) : in.text.find(wanted);
  if (found == in.text.npos || !in.inside) return -1;
  return in.before + static_cast<int64_t>(count_code_points(in.text.substr(0, found)));
}

Result<Value> affixed(const Value& self, const Args& args, const char* name, bool prefix) {
  MALMOI_ASSIGN(Window in, window(self, args, name));
  Values wanted{args.positional[0]};
  if (wanted[0].list() && wanted[0].list()->is_tuple()) wanted = Values(wanted[0].list()->items);
  for (const Value& one : wanted) {
    MALMOI_ASSIGN(std::string_view text, text_argument(name, one));
    if (in.inside && (prefix ? in.text.starts_with(text) : in.text.ends_with(text))) return true;
  }
  return false;
}

struct Padding {
  int64_t missing = 0;
  std::string fill = " ";
};
Result<Padding> padding(const Value& self, const Args& args, const char* name) {
  MALMOI_TRY(check_count(name, args, 1, 2));
  Padding made;
  MALMOI_ASSIGN(int64_t width, index_argument(name, args.positional[0]));
  made.missing = width - self.text()->length;
  if (args.positional.size() < 2) return made;
  MALMOI_ASSIGN(std::string_view fill, text_argument(name, args.positional[1]));
  if (count_code_points(fill) != 1) return type_error(std::string(name) + "() fills with one character");
  made.fill = fill;
  return made;
}

Result<Value> of_one_case(Run& run, const Value& self, const Args& args, const char* name, bool (*wanted)(char32_t)) {
  MALMOI_TRY(check_count(name, args, 0, 0));
  run.step(bytes(self).size() / 8);
  return is_of_one_case(bytes(self), wanted);
}

}  // namespace

Result<Value> method_upper(Run& run, const Value& self, const Args& args) {
  return mapped(run, self, args, "upper", to_upper);
}
Result<Value> method_lower(Run& run, const Value& self, const Args& args) {
  return mapped(run, self, args, "lower", to_lower);
}
Result<Value> method_casefold(Run& run, const Value& self, const Args& args) {
  return mapped(run, self, args, "casefold", case_folded);
}
Result<Value> method_title(Run& run, const Value& self, const Args& args) {
  return mapped(run, self, args, "title", title_cased);
}
Result<Value> method_capitalize(Run& run, const Value& self, const Args& args) {
  return mapped(run, self, args, "capitalize", capitalised);
}
Result<Value> method_swapcase(Run& run, const Value& self, const Args& args) {
  return mapped(run, self, args, "swapcase", case_swapped);
}

Result<Value> method_isalpha(Run& run, const Value& self, const Args& args) {
  return all_characters(run, self, args, "isalpha", is_alpha);
}
Result<Value> method_isdigit(Run& run, const Value& self, const Args& args) {
  return all_characters(run, self, args, "isdigit", is_digit);
}
Result<Value> method_isdecimal(Run& run, const Value& self, const Args& args) {
  return all_characters(run, self, args, "isdecimal", is_decimal);
}
Result<Value> method_isnumeric(Run& run, const Value& self, const Args& args) {
  return all_characters(run, self, args, "isnumeric", is_numeric);
}
Result<Value> method_isspace(Run& run, const Value& self, const Args& args) {
  return all_characters(run, self, args, "isspace", is_space);
}
Result<Value> method_isalnum(Run& run, const Value& self, const Args& args) {
  auto holds = [](char32_t c) { return is_alpha(c) || is_decimal(c) || is_digit(c) || is_numeric(c); };
  return all_characters(run, self, args, "isalnum", holds);
}
Result<Value> method_isascii(Run&, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("isascii", args, 0, 0));
  return self.text()->ascii();
}
Result<Value> method_isprintable(Run& run, const Value& self, const Args& args) {
  if (bytes(self).empty()) return true;
  return all_characters(run, self, args, "isprintable", is_printable);
}
Result<Value> method_isidentifier(Run& run, const Value& self, const Args& args) {
  if (bytes(self).empty() || !is_identifier_start(decode_utf8(bytes(self), 0).code_point)) return false;
  return all_characters(run, self, args, "isidentifier", is_identifier_part);
}
Result<Value> method_islower(Run& run, const Value& self, const Args& args) {
  return of_one_case(run, self, args, "islower", is_lower);
}
Result<Value> method_isupper(Run& run, const Value& self, const Args& args) {
  return of_one_case(run, self, args, "isupper", is_upper);
}
Result<Value> method_istitle(Run& run, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("istitle", args, 0, 0));
  run.step(bytes(self).size() / 8);
  bool any = false, within = false;
  for (char32_t c : code_points(bytes(self))) {
    const bool large = is_upper(c) || is_title(c), small = is_lower(c);
    if ((large && within) || (small && !within)) return false;
    within = large || small;
    any = any || within;
  }
  return any;
}

Result<Value> method_strip(Run& run, const Value& self, const Args& args) {
  return strip(run, self, args, "strip", true, true);
}
Result<Value> method_lstrip(Run& run, const Value& self, const Args& args) {
  return strip(run, self, args, "lstrip", true, false);
}
Result<Value> method_rstrip(Run& run, const Value& self, const Args& args) {
  return strip(run, self, args, "rstrip", false, true);
}
Result<Value> method_split(Run& run, const Value& self, const Args& args) {
  return split(run, self, args, "split", false);
}
Result<Value> method_rsplit(Run& run, const Value& self, const Args& args) {
  return split(run, self, args, "rsplit", true);
}
Result<Value> method_partition(Run& run, const Value& self, const Args& args) {
  return partition(run, self, args, "partition", false);
}
Result<Value> method_rpartition(Run& run, const Value& self, const Args& args) {
  return partition(run, self, args, "rpartition", true);
}
Result<Value> method_splitlines(Run& run, const Value& self, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("splitlines", args, {"keepends"}));
  MALMOI_TRY(run.budget().room(sizeof(Text) + 2 * sizeof(Value), bytes(self).size()));
  return parts_of(run, self, split_lines(bytes(self), bound.truthy(0)));
}

Result<Value> method_find(Run& run, const Value& self, const Args& args) {
  MALMOI_ASSIGN(int64_t at, position(run, self, args, "find", false));
  return at;
}
Result<Value> method_rfind(Run& run, const Value& self, const Args& args) {
  MALMOI_ASSIGN(int64_t at, position(run, self, args, "rfind", true));
  return at;
}
Result<Value> method_index(Run& run, const Value& self, const Args& args) {
  MALMOI_ASSIGN(int64_t at, position(run, self, args, "index", false));
  if (at < 0) return type_error("index() did not find the text");
  return at;
}
Result<Value> method_rindex(Run& run, const Value& self, const Args& args) {
  MALMOI_ASSIGN(int64_t at, position(run, self, args, "rindex", true));
  if (at < 0) return type_error("rindex() did not find the text");
  return at;
}
Result<Value> method_count(Run& run, const Value& self, const Args& args) {
  MALMOI_ASSIGN(Window in, window(self, args, "count"));
  MALMOI_ASSIGN(std::string_view wanted, text_argument("count", args.positional[0]));
  MALMOI_TRY(run.search(in.text, wanted));
  if (!in.inside) return 0;
  if (wanted.empty()) return static_cast<int64_t>(count_code_points(in.text)) + 1;
  int64_t found = 0;
  for (size_t at = in.text.find(wanted); at != in.text.npos; at = in.text.find(wanted, at + wanted.size())) ++found;
  return found;
}
Result<Value> method_startswith(Run&, const Value& self, const Args& args) {
  return affixed(self, args, "startswith", true);
}
Result<Value> method_endswith(Run&, const Value& self, const Args& args) {
  return affixed(self, args, "endswith", false);
}

Result<Value> method_removeprefix(Run& run, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("removeprefix", args, 1, 1));
  MALMOI_ASSIGN(std::string_view prefix, text_argument("removeprefix", args.positional[0]));
  return bytes(self).starts_with(prefix) ? like(run, self, bytes(self).substr(prefix.size())) : self;
}
Result<Value> method_removesuffix(Run& run, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("removesuffix", args, 1, 1));
  MALMOI_ASSIGN(std::string_view suffix, text_argument("removesuffix", args.positional[0]));
  const std::string& text = bytes(self);
  return text.ends_with(suffix) ? like(run, self, text.substr(0, text.size() - suffix.size())) : self;
}

Result<Value> method_replace(Run& run, const Value& self, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("replace", args, {"old", "new", "count"}, 2));
  MALMOI_ASSIGN(std::string_view old, text_argument("replace", *bound[0]));
  MALMOI_ASSIGN(std::string_view replacement, text_argument("replace", *bound[1]));
  int64_t count = -1;
  if (bound.given(2)) {
    MALMOI_ASSIGN(count, index_argument("replace", *bound[2]));
  }
  MALMOI_ASSIGN(std::string out, replaced(run, bytes(self), old, replacement, count));
  return like(run, self, std::move(out));
}

Result<Value> method_join(Run& run, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("join", args, 1, 1));
  MALMOI_ASSIGN(Items items, run.items_of(args.positional[0]));
  MALMOI_TRY(run.budget().room(bytes(self).size(), items->size()));
  std::string out;
  for (size_t i = 0; i < items->size(); ++i) {
    if (i > 0) out += bytes(self);
    MALMOI_ASSIGN(std::string_view part, text_argument("join", (*items)[i]));
    MALMOI_TRY(run.budget().room(out.size() + part.size()));
    run.step(part.size() / 64);
    out += self.text()->markup && !(*items)[i].text()->markup ? escaped(part) : part;
  }
  return like(run, self, std::move(out));
}

Result<Value> method_center(Run& run, const Value& self, const Args& args) {
  MALMOI_ASSIGN(Padding pad, padding(self, args, "center"));
  MALMOI_ASSIGN(std::string out, centred(run, bytes(self), pad.missing + self.text()->length, pad.fill));
  return like(run, self, std::move(out));
}
Result<Value> method_ljust(Run& run, const Value& self, const Args& args) {
  MALMOI_ASSIGN(Padding pad, padding(self, args, "ljust"));
  MALMOI_ASSIGN(std::string out, padded(run, bytes(self), 0, pad.missing, pad.fill));
  return like(run, self, std::move(out));
}
Result<Value> method_rjust(Run& run, const Value& self, const Args& args) {
  MALMOI_ASSIGN(Padding pad, padding(self, args, "rjust"));
  MALMOI_ASSIGN(std::string out, padded(run, bytes(self), pad.missing, 0, pad.fill));
  return like(run, self, std::move(out));
}
Result<Value> method_zfill(Run& run, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("zfill", args, 1, 1));
  MALMOI_ASSIGN(Padding pad, padding(self, args, "zfill"));
  const std::string& text = bytes(self);
  const bool sign = !text.empty() && (text[0] == '+' || text[0] == '-');
  MALMOI_ASSIGN(std::string out, padded(run, std::string_view(text).substr(sign), pad.missing, 0, "0"));
  return like(run, self, sign ? text[0] + out : out);
}

Result<Value> method_expandtabs(Run& run, const Value& self, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("expandtabs", args, {"tabsize"}));
  int64_t size = 8;
  if (bound.given(0)) {
    MALMOI_ASSIGN(size, index_argument("expandtabs", *bound[0]));
  }
  std::string out;
  int64_t column = 0;
  for (char c : bytes(self)) {
    if (c == '\t') {
      int64_t blanks = size > 0 ? size - column % size : 0;
      MALMOI_TRY(run.budget().room(out.size() + static_cast<size_t>(blanks)));
      out.append(static_cast<size_t>(blanks), ' ');
      column += blanks;
      continue;
    }
    out += c;
    if (!is_utf8_continuation(c)) column = c == '\n' || c == '\r' ? 0 : column + 1;
  }
  return like(run, self, std::move(out));
}

}  // namespace malmoi::chat::jinja
