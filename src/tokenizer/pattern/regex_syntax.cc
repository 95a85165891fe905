#include "tokenizer/pattern/regex_syntax.h"

#include <utility>

#include "base/utf8.h"

namespace malmoi::tokenizer {
namespace {

// Oniguruma's and Rust's \w: letters, marks, decimal and letter numbers, connectors; Oniguruma adds the other numbers of
// Latin-1, Rust the two joiners.
constexpr std::string_view kOnigurumaWordText =
    R"(\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}²³¹¼½¾)";
constexpr std::string_view kRustWordText =
    R"(\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}\x{200C}\x{200D})";

constexpr int kDeepestClass = 100;  // as PCRE2's groups are limited, see regex.cc

class Translator {
 public:
  Translator(std::string_view in, Dialect dialect, bool scripts)
      : in_(in), oniguruma_(dialect == Dialect::kOniguruma), scripts_(scripts) {
    word_ = oniguruma_ ? kOnigurumaWordText : kRustWordText;
  }

  std::string run() {
    while (at_ < in_.size()) step();
    if (unfinished_) out_ += '[';  // which PCRE2 refuses
    return std::move(out_);
  }

 private:
  void step() {
    char c = in_[at_];
    if (c == '\\') return escape();
    switch (c) {
      case '[':
        atom_ = out_.size();
        out_ += text_of(char_class());
        return;
      case '(': return group();
      case ')':
        atom_ = open_.empty() ? out_.size() : open_.back();
        if (!open_.empty()) open_.pop_back();
        return copy(1);
      case '{': return count();
      case '*':
      case '+':
      case '?': return copy(1);
      default:
        atom_ = out_.size();
        copy(1);
        while (at_ < in_.size() && is_utf8_continuation(in_[at_])) copy(1);
    }
  }

  // A class: the content of one pair of brackets, or an expression that matches one character.
  struct Class {
    std::string text;
    bool bare = true;
  };
  static std::string text_of(const Class& c) { return c.bare ? "[" + c.text + "]" : c.text; }

  // PCRE2 has neither classes within classes nor the operators between them: [a[^b]] becomes (?:[a]|[^b]), [a&&b] becomes
  // (?:(?=[b])[a]), Rust's [a--b] becomes (?:(?![b])[a]).
  Class char_class() {
    ++at_;
    if (++class_depth_ > kDeepestClass) at_ = in_.size();
    const bool negated = peek('^');
    if (negated) ++at_;
    Class result = operand(true);
    while (at_ < in_.size() && in_[at_] != ']') {
      const char* look = in_[at_] == '-' ? "(?:(?!" : "(?:(?=";
      at_ += 2;
      const Class next = operand(false);
      result = {look + text_of(next) + ")" + text_of(result) + ")", false};
    }
    if (at_ < in_.size()) ++at_;
    else unfinished_ = true;
    --class_depth_;
    if (!negated) return result;
    if (result.bare) return {"[^" + result.text + "]", false};
    return {"(?:(?!" + result.text + R"()[\s\S]))", false};
  }

  // What stands between operators, up to the next one or the bracket that closes the class; not at either yet.
  Class operand(bool first) {
    std::string outer = std::exchange(out_, {});
    std::string others;
    // At the beginning of a class these stand for themselves.
    if (first && peek(']')) {
      out_ += '\\';
      copy(1);
    }
    while (first && !oniguruma_ && peek('-')) {
      out_ += '\\';
      copy(1);
    }
    while (at_ < in_.size() && in_[at_] != ']' && !at_operator()) {
      if (in_[at_] == '\\') {
        escape();
      } else if (in_[at_] != '[') {
        copy(1);
      } else if (size_t end = in_.find(":]", at_); in_.substr(at_, 2) == "[:" && end != std::string_view::npos) {
        copy(end + 2 - at_);
      } else {
        const bool after_dash = out_.ends_with('-');
        Class inner = char_class();
        // Side by side the two must not make a range.
        if (inner.bare && !after_dash && !inner.text.starts_with('-')) out_ += inner.text;
        else others += "|" + text_of(inner);
      }
    }
    std::string plain = std::exchange(out_, std::move(outer));
    if (plain.starts_with('^')) plain.insert(0, 1, '\\');
    if (others.empty()) return plain.empty() ? Class{"(?!)", false} : Class{std::move(plain), true};
    return {"(?:" + (plain.empty() ? others.substr(1) : "[" + plain + "]" + others) + ")", false};
  }
  bool at_operator() const {
    std::string_view next = in_.substr(at_, 2);
    return next == "&&" || (!oniguruma_ && next == "--");
  }

  void group() {
    open_.push_back(out_.size());
    copy(1);
    if (!peek('?')) return;
    // (?m) of Oniguruma is (?s) elsewhere.
    size_t end = at_ + 1;
    while (end < in_.size() && (std::string_view("imx-").find(in_[end]) != std::string_view::npos)) ++end;
    if (oniguruma_ && end < in_.size() && (in_[end] == ':' || in_[end] == ')')) {
      for (; at_ < end; ++at_) out_ += in_[at_] == 'm' ? 's' : in_[at_];
      if (in_[end] == ')') {
        open_.pop_back();
        copy(1);
      }
    }
  }

  // X{n,m}+ repeats the repeat in Oniguruma.
  void count() {
    size_t end = in_.find('}', at_);
    bool counted = end != std::string_view::npos &&
                   in_.substr(at_ + 1, end - at_ - 1).find_first_not_of("0123456789,") == std::string_view::npos;
    if (!counted) return copy(1);
    copy(end + 1 - at_);
    if (oniguruma_ && peek('+')) {
      out_.insert(atom_, "(?:");
      out_ += ')';
    }
  }

  void escape() {
    char c = at_ + 1 < in_.size() ? in_[at_ + 1] : '\\';
    if (class_depth_ == 0) atom_ = out_.size();
    std::string word(word_);
    bool inside = class_depth_ > 0;
    switch (c) {
      case 'w': out_ += inside ? word : "[" + word + "]"; break;
      case 'W':
        if (inside) out_ += R"(\W)";
        else out_ += "[^" + word + "]";
        break;
      case 'b':
        if (inside) out_ += R"(\b)";
        else out_ += "(?:(?<=[" + word + "])(?![" + word + "])|(?<![" + word + "])(?=[" + word + "]))";
        break;
      case 'B': out_ += "(?:(?<=[" + word + "])(?=[" + word + "])|(?<![" + word + "])(?![" + word + "]))"; break;
      case 'h':
        if (!oniguruma_) return copy(2);
        out_ += inside ? "0-9a-fA-F" : "[0-9a-fA-F]";
        break;
      case 'H':
        if (!oniguruma_ || inside) return copy(2);
        out_ += "[^0-9a-fA-F]";
        break;
      case 'z': out_ += R"(\z)"; break;
      case 'Z': out_ += R"(\Z)"; break;
      case 'u':
        if (in_.substr(at_ + 2, 1) == "{") {
          out_ += R"(\x)";
          break;
        }
        if (in_.size() - at_ >= 6) {
          out_ += R"(\x{)" + std::string(in_.substr(at_ + 2, 4)) + "}";
          at_ += 6;
          return;
        }
        return copy(2);
      case 'p':
      case 'P': return property();
      default: {
        copy(2);
        while (at_ < in_.size() && is_utf8_continuation(in_[at_])) copy(1);
        return;
      }
    }
    at_ += 2;
  }

  void property() {
    size_t end = in_.find('}', at_);
    if (in_.substr(at_ + 2, 1) != "{" || end == std::string_view::npos)
      return copy(in_.size() - at_ < 3 ? in_.size() - at_ : 3);
    std::string_view name = in_.substr(at_ + 3, end - at_ - 3);
    bool negated = in_[at_ + 1] == 'P';
    if (name.starts_with('^')) {
      negated = !negated;
      name.remove_prefix(1);
    }
    struct Alias {
      std::string_view from, to;
    };
    // Long names that PCRE2 10.42 does not know.
    static constexpr Alias kAliases[] = {{"Letter", "L"},
                                         {"Mark", "M"},
                                         {"Number", "N"},
                                         {"Punctuation", "P"},
                                         {"Symbol", "S"},
                                         {"Separator", "Z"},
                                         {"Other", "C"},
                                         {"Uppercase_Letter", "Lu"},
                                         {"Lowercase_Letter", "Ll"},
                                         {"Script=Han", "Han"},
                                         {"Script=Hangul", "Hangul"}};
    for (const Alias& alias : kAliases)
      if (alias.from == name) name = alias.to;
    out_ += negated ? R"(\P{)" : R"(\p{)";
    if (scripts_ && name.size() > 2 && name != "Any") out_ += "sc:";
    out_ += name;
    out_ += '}';
    at_ = end + 1;
  }

  bool peek(char c) const { return at_ < in_.size() && in_[at_] == c; }
  void copy(size_t n) {
    n = std::min(n, in_.size() - at_);
    out_ += in_.substr(at_, n);
    at_ += n;
  }

  std::string_view in_, word_;
  bool oniguruma_, scripts_;
  std::string out_;
  size_t at_ = 0;
  size_t atom_ = 0;           // where the last atom begins in out_
  std::vector<size_t> open_;  // where the open groups begin in out_
  int class_depth_ = 0;
  bool unfinished_ = false;  // a class does not end
};

}  // namespace

std::string translate_regex(std::string_view regex, Dialect dialect, bool scripts) {
  return Translator(regex, dialect, scripts).run();
}

bool refers_back(std::string_view regex) {
  for (size_t at = regex.find('\\'); at != std::string_view::npos && at + 1 < regex.size();
       at = regex.find('\\', at + 2)) {
    char c = regex[at + 1];
    if ((c >= '1' && c <= '9') || c == 'k' || c == 'g') return true;
  }
  return false;
}

}  // namespace malmoi::tokenizer
