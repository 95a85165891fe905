#include "tokenizer/pattern/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <chrono>
#include <map>

#include "base/utf8.h"
#include "tokenizer/pattern/regex_syntax.h"
#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

constexpr uint32_t kMatchLimit = 200'000;  // steps at one starting place
constexpr size_t kStartsAtOnce = 1024;     // starting places between two looks at the clock
constexpr auto kBaseTime = std::chrono::seconds(2);
constexpr auto kTimePerByte = std::chrono::microseconds(5);

struct CodeDeleter {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct DataDeleter {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct ContextDeleter {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct StackDeleter {
  void operator()(pcre2_jit_stack* stack) const { pcre2_jit_stack_free(stack); }
};

// Characters that PCRE2 classes otherwise than the reference: those younger than its Unicode version, and U+180E, which
// it takes for white space. Each is matched as an older character of the same classes and the same length in UTF-8.
class StandIns {
 public:
  StandIns() {
    constexpr uint32_t kRelevant = kLetter | kNumber | kMark | kPunct | kSymbol | kSpace | kWord | kDecimal | kUpper |
                                   kTitle | kLower | kModifier | kOtherLetter | kHan | kHangul;
    std::map<std::pair<uint32_t, int>, char32_t> old;
    auto length = [](char32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; };
    for (char32_t c = 0x80; c < 0x110000; ++c)
      if (!is_young(c) && c != 0x180E) old.try_emplace({classes_of(c) & kRelevant, length(c)}, c);
    for (char32_t c : young_characters())
      if (auto found = old.find({classes_of(c) & kRelevant, length(c)}); found != old.end())
        stand_in_[c] = found->second;
    stand_in_[0x180E] = 0x200B;
  }

  // The text with stand-ins, or false where it needs none.
  bool replace(std::string_view text, std::string& out) const {
    bool any = false;
    for (size_t at = 0; at < text.size(); ++at) {
      auto byte = static_cast<unsigned char>(text[at]);
      if (byte < 0xE0) continue;
      auto found = stand_in_.find(code_point_at(text, at).value);
      if (found == stand_in_.end()) continue;
      if (!any) out = text;
      any = true;
      std::string letter;
      append_utf8(letter, found->second);
      out.replace(at, letter.size(), letter);
    }
    return any;
  }

 private:
  std::map<char32_t, char32_t> stand_in_;
};

const StandIns& stand_ins() {
  static const StandIns instance;
  return instance;
}

// What one thread needs to run any pattern.
struct Workspace {
  std::unique_ptr<pcre2_match_data, DataDeleter> data{pcre2_match_data_create(1, nullptr)};
  std::unique_ptr<pcre2_match_context, ContextDeleter> context{pcre2_match_context_create(nullptr)};
  std::unique_ptr<pcre2_jit_stack, StackDeleter> stack{pcre2_jit_stack_create(32 << 10, 8 << 20, nullptr)};

  Workspace() {
    pcre2_set_match_limit(context.get(), kMatchLimit);
    pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
  }
};

class Regex final : public Pattern {
 public:
  Regex(std::string_view source, pcre2_code* code) : code_(code), stand_ins_(!refers_back(source)) { source_ = source; }

  void find_all(std::string_view text, std::vector<Span>& matches) const override {
    thread_local Workspace workspace;
    std::string replaced;
    if (stand_ins_ && stand_ins().replace(text, replaced)) text = replaced;
    auto deadline = std::chrono::steady_clock::now() + kBaseTime + kTimePerByte * text.size();
    size_t at = 0, last_end = SIZE_MAX;
    while (at <= text.size()) {
      Span match;
      if (!next(workspace, text, at, deadline, match)) return;
      if (match.begin == match.end && match.end == last_end) {
        // An empty match right behind the last one does not count; the search goes on one character further.
        if (match.end >= text.size()) return;
        at = code_point_at(text, match.end).end;
        continue;
      }
      matches.push_back(match);
      at = last_end = match.end;
    }
  }

 private:
  // The first match from `at` on. The clock is looked at between stretches of starting places: a hostile pattern ends
  // in finding no more.
  bool next(Workspace& workspace, std::string_view text, size_t at, std::chrono::steady_clock::time_point deadline,
            Span& match) const {
    auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    for (size_t from = at; from <= text.size();) {
      size_t to = std::min(from + kStartsAtOnce, text.size());
      while (to < text.size() && is_utf8_continuation(text[to])) ++to;
      pcre2_set_offset_limit(workspace.context.get(), to);
      int rc = pcre2_match(code_.get(), subject, text.size(), from, PCRE2_NO_UTF_CHECK, workspace.data.get(),
                           workspace.context.get());
      if (rc >= 0) {
        const PCRE2_SIZE* range = pcre2_get_ovector_pointer(workspace.data.get());
        match = {static_cast<uint32_t>(range[0]), static_cast<uint32_t>(std::max(range[0], range[1]))};
        return true;
      }
      if (rc != PCRE2_ERROR_NOMATCH || to == text.size()) return false;
      if (std::chrono::steady_clock::now() > deadline) return false;
      from = to;
    }
    return false;
  }

  std::unique_ptr<pcre2_code, CodeDeleter> code_;
  bool stand_ins_;  // not where characters are compared with one another
};

pcre2_code* compile(const std::string& pattern, Dialect dialect, int& error, PCRE2_SIZE& offset) {
  uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_BACKSLASH_C;
  options |= dialect == Dialect::kOniguruma ? PCRE2_MULTILINE : PCRE2_DOLLAR_ENDONLY;
  std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit(context.get(), 100);
  return pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &error, &offset,
                       context.get());
}

std::string message_of(int code) {
  char buffer[200];
  pcre2_get_error_message(code, reinterpret_cast<PCRE2_UCHAR*>(buffer), sizeof buffer);
  return buffer;
}

}  // namespace

Result<std::shared_ptr<const Pattern>> compile_regex(std::string_view regex, Dialect dialect) {
  constexpr size_t kLongest = 64 << 10;
  std::string where = "pattern " + std::string(regex.substr(0, 80));
  if (regex.size() > kLongest)
    return invalid_data("a pattern of " + std::to_string(regex.size()) + " bytes", where, "shorten it");
  if (!is_valid_utf8(regex)) return invalid_data("the pattern is not UTF-8", where);
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = compile(translate_regex(regex, dialect, true), dialect, error, offset);
  // A name that is no script may still be a property.
  if (!code) code = compile(translate_regex(regex, dialect, false), dialect, error, offset);
  if (!code)
    return invalid_data(message_of(error) + " at offset " + std::to_string(offset), where,
                        "check the regular expression");
  // Without the just-in-time compiler the interpreter does the same, slower.
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  return std::shared_ptr<const Pattern>(std::make_shared<Regex>(regex, code));
}

}  // namespace malmoi::tokenizer
