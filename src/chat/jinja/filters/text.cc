// Filters that make a text of a text.
#include <algorithm>

#include "base/utf8.h"
#include "chat/jinja/escape.h"
#include "chat/jinja/filters/filters.h"
#include "chat/jinja/format.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/text_methods.h"
#include "chat/jinja/unicode.h"

namespace malmoi::chat::jinja {
namespace {

// str(value) that stays markup where it is some.
struct Soft {
  std::string bytes;
  bool markup;
};

Result<Soft> soft(Run& run, const Value& value) {
  MALMOI_ASSIGN(std::string bytes, run.string_of(value));
  return Soft{std::move(bytes), value.text() && value.text()->markup};
}

Result<Value> mapped_soft(Run& run, const Value& value, const Args& args, const char* name, Mapping mapping) {
  MALMOI_ASSIGN(Soft text, soft(run, value));
  return mapped(run, text.bytes, text.markup, args, name, mapping);
}

bool begins_word(char c) { return c == '-' || c == '(' || c == '{' || c == '[' || c == '<'; }

}  // namespace

Result<Value> filter_upper(Run& run, const Value& value, const Args& args) {
  return mapped_soft(run, value, args, "upper", to_upper);
}

Result<Value> filter_lower(Run& run, const Value& value, const Args& args) {
  return mapped_soft(run, value, args, "lower", to_lower);
}

Result<Value> filter_capitalize(Run& run, const Value& value, const Args& args) {
  return mapped_soft(run, value, args, "capitalize", capitalised);
}

// Words begin after white space and after - ( { [ <, unlike those of str.title().
Result<Value> filter_title(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("title", args, 0, 0));
  MALMOI_ASSIGN(std::string text, run.string_of(value));
  run.step(text.size() / 8);
  std::string out, word;
  auto flush = [&] {
    if (word.empty()) return;
    size_t first = utf8_length(word[0]);
    out += to_upper(std::string_view(word).substr(0, first)) + to_lower(std::string_view(word).substr(first));
    word.clear();
  };
  for (size_t at = 0; at < text.size();) {
    Utf8Char c = decode_utf8(text, at);
    std::string_view bytes = std::string_view(text).substr(at, c.length);
    at += c.length;
    if (is_space(c.code_point) || begins_word(bytes[0])) {
      flush();
      out += bytes;
    } else {
      word += bytes;
    }
  }
  flush();
  return run.text(std::move(out));
}

Result<Value> filter_trim(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("trim", args, {"chars"}));
  MALMOI_ASSIGN(Soft text, soft(run, value));
  MALMOI_ASSIGN(std::string_view kept, stripped(run, text.bytes, bound[0], "trim"));
  return run.text(std::string(kept), text.markup);
}

Result<Value> filter_replace(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("replace", args, {"old", "new", "count"}, 2));
  MALMOI_ASSIGN(std::string text, run.string_of(value));
  MALMOI_ASSIGN(std::string old, run.string_of(*bound[0]));
  MALMOI_ASSIGN(std::string replacement, run.string_of(*bound[1]));
  int64_t count = -1;
  if (bound.has(2)) {
    MALMOI_ASSIGN(count, index_argument("replace", *bound[2]));
  }
  MALMOI_ASSIGN(std::string out, replaced(run, text, old, replacement, count));
  return run.text(std::move(out));
}

Result<Value> filter_string(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("string", args, 0, 0));
  if (value.text()) return value;
  MALMOI_ASSIGN(std::string text, run.string_of(value));
  return run.text(std::move(text));
}

Result<Value> filter_safe(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("safe", args, 0, 0));
  MALMOI_ASSIGN(std::string text, run.string_of(value));
  return run.text(std::move(text), true);
}

Result<Value> filter_escape(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("escape", args, 0, 0));
  if (value.text() && value.text()->markup) return value;
  return filter_forceescape(run, value, args);
}

Result<Value> filter_forceescape(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("forceescape", args, 0, 0));
  MALMOI_ASSIGN(std::string text, run.string_of(value));
  return run.text(escaped(text), true);
}

Result<Value> filter_center(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("center", args, {"width"}));
  MALMOI_ASSIGN(Soft text, soft(run, value));
  int64_t width = 80;
  if (bound.given(0)) {
    MALMOI_ASSIGN(width, index_argument("center", *bound[0]));
  }
  MALMOI_ASSIGN(std::string out, centred(run, text.bytes, width, " "));
  return run.text(std::move(out), text.markup);
}

Result<Value> filter_format(Run& run, const Value& value, const Args& args) {
  if (!args.positional.empty() && !args.named.empty())
    return type_error("format() takes arguments by position or by name, not both");
  MALMOI_ASSIGN(Soft text, soft(run, value));
  Value format = run.text(std::move(text.bytes), text.markup);
  if (args.named.empty()) return percent_format(run, *format.text(), run.tuple(args.positional));
  auto names = std::make_shared<Dict>();
  for (const auto& [name, named] : args.named) names->set(run.text(name), named);
  return percent_format(run, *format.text(), run.dict(std::move(names)));
}

Result<Value> filter_indent(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("indent", args, {"width", "first", "blank"}));
  MALMOI_ASSIGN(std::string_view given, text_argument("indent", value));
  std::string indention = "    ";
  if (bound.given(0) && bound[0]->text()) {
    indention = bound[0]->text()->bytes;
  } else if (bound.given(0)) {
    MALMOI_ASSIGN(int64_t width, index_argument("indent", *bound[0]));
    MALMOI_TRY(run.budget().room(static_cast<size_t>(std::max<int64_t>(width, 0))));
    indention.assign(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
  }
  std::vector<std::string_view> lines = split_lines(given, false);
  // Jinja adds a newline before it divides; after a CR that is one line end with it.
  const char32_t end = last_character(given);
  if (lines.empty() || (is_line_end(end) && end != U'\r')) lines.emplace_back();
  MALMOI_TRY(run.budget().room(indention.size(), lines.size()));
  std::string out = bound.truthy(1) ? indention : "";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += "\n";
    if (i > 0 && (bound.truthy(2) || !lines[i].empty())) out += indention;
    out += lines[i];
  }
  return run.text(std::move(out), value.text()->markup);
}

Result<Value> filter_truncate(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("truncate", args, {"length", "killwords", "end", "leeway"}));
  int64_t length = 255, leeway = 5;
  std::string_view end = "...";
  if (bound.given(0)) {
    MALMOI_ASSIGN(length, index_argument("truncate", *bound[0]));
  }
  if (bound.given(2)) {
    MALMOI_ASSIGN(end, text_argument("truncate", *bound[2]));
  }
  if (bound.has(3)) {
    MALMOI_ASSIGN(leeway, index_argument("truncate", *bound[3]));
  }
  const auto end_length = static_cast<int64_t>(count_code_points(end));
  if (length < end_length) return type_error("truncate() wants a length of at least " + std::to_string(end_length));
  if (leeway < 0) return type_error("truncate() wants a leeway of at least 0");
  MALMOI_ASSIGN(int64_t whole, length_of(value));
  if (whole <= length + leeway) return value;
  MALMOI_ASSIGN(std::string_view given, text_argument("truncate", value));
  std::string_view kept = given.substr(0, first_bytes(given, length - end_length));
  if (!bound.truthy(1)) kept = kept.substr(0, kept.rfind(' '));
  return run.text(std::string(kept).append(end));
}

Result<Value> filter_wordcount(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("wordcount", args, 0, 0));
  MALMOI_ASSIGN(std::string text, run.string_of(value));
  run.step(text.size() / 8);
  int64_t words = 0;
  bool within = false;
  for (char32_t c : code_points(text)) {
    bool part = is_alpha(c) || is_numeric(c) || c == U'_';
    words += part && !within;
    within = part;
  }
  return words;
}

// As MarkupSafe: comments and tags go, white space becomes single blanks, five entities their characters.
Result<Value> filter_striptags(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("striptags", args, 0, 0));
  MALMOI_ASSIGN(std::string text, run.string_of(value));
  for (auto [open, close] : {std::pair<std::string_view, std::string_view>{"<!--", "-->"}, {"<", ">"}}) {
    std::string kept;
    size_t at = 0;
    for (size_t begin = text.find(open); begin != text.npos; begin = text.find(open, at)) {
      size_t end = text.find(close, begin);
      if (end == text.npos) break;
      kept.append(text, at, begin - at);
      at = end + close.size();
    }
    text = kept + text.substr(at);
  }
  std::string out;
  for (std::string_view word : split_spaces(text)) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  for (auto [entity, character] : {std::pair<const char*, const char*>{"&lt;", "<"},
                                   {"&gt;", ">"},
                                   {"&#34;", "\""},
                                   {"&#39;", "'"},
                                   {"&quot;", "\""},
                                   {"&amp;", "&"}}) {
    MALMOI_ASSIGN(out, replaced(run, out, entity, character, -1));
  }
  return run.text(std::move(out));
}

}  // namespace malmoi::chat::jinja
