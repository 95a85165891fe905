// Templates, tables and links of wikitext, in one pass: what is open stands on a stack, what closes becomes its text.
//
// Of nested things each character is moved at most kMaxKept times: deeper templates than MediaWiki itself would expand
// leave nothing, and links do not nest, except in the captions of files, which go.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "data/readers/wiki_steps.h"
#include "data/readers/wiki_words.h"

namespace malmoi::data::wiki {
namespace {

constexpr size_t kMaxKept = 40;         // MediaWiki's limit of templates within templates
constexpr size_t kLongestTarget = 600;  // of a link: titles have 255 bytes at most, addresses more

class Brackets {
 public:
  Brackets(std::string_view text, const WikiSite& site) : text_(text), site_(site) {}

  std::string run() {
    for (size_t i = 0; i < text_.size();) {
      size_t sign = std::min(text_.find_first_of("{}[]|\n", i), text_.size());
      // Tables may be indented, by spaces or colons.
      line_begins_ &= text_.substr(i, sign - i).find_first_not_of(" \t:") == std::string_view::npos;
      out_.append(text_, i, sign - i);
      i = sign < text_.size() ? read_sign(sign) : sign;
    }
    drop_unclosed();
    return std::move(out_);
  }

 private:
  enum class Kind { kTemplate, kTable, kLink };
  struct Open {
    Kind kind;
    size_t begin;              // in out_, of its first sign
    std::vector<size_t> bars;  // in out_
    bool hidden = false;       // a link that shows no text
  };

  size_t read_sign(size_t at) {
    std::string_view two = text_.substr(at, 2);
    bool first = line_begins_;
    line_begins_ = false;
    if (text_[at] == '\n') {
      line_begins_ = true;
      out_ += '\n';
      return at + 1;
    }
    if (two == "{{") return open(Kind::kTemplate, at);
    if (two == "{|" && first) return open(Kind::kTable, at);
    if (two == "[[") return open_link(at);
    if (two == "}}" && close(Kind::kTemplate)) return at + 2;
    if (two == "|}" && first && close(Kind::kTable)) return at + 2;
    if (two == "]]" && close(Kind::kLink)) return at + 2;
    if (text_[at] == '[') {
      if (size_t next = read_address(at); next != 0) return next;
    }
    if (text_[at] == '|' && !open_.empty()) open_.back().bars.push_back(out_.size());
    out_ += text_[at];
    return at + 1;
  }

  size_t open(Kind kind, size_t at) {
    open_.push_back({kind, out_.size(), {}});
    ++count_[static_cast<size_t>(kind)];
    out_.append(text_, at, 2);
    return at + 2;
  }

  size_t open_link(size_t at) {
    // A link in the text of a link makes the outer one none: its brackets are text.
    if (!open_.empty() && open_.back().kind == Kind::kLink && !open_.back().hidden) pop();
    open(Kind::kLink, at);
    open_.back().hidden = is_hidden(text_.substr(at + 2, kLongestTarget));
    return at + 2;
  }

  void pop() {
    --count_[static_cast<size_t>(open_.back().kind)];
    open_.pop_back();
  }

  // Closes the innermost of a kind; what is open within it was none. A link does not reach out of a template or a table.
  bool close(Kind kind) {
    if (count_[static_cast<size_t>(kind)] == 0) return false;
    if (kind == Kind::kLink && open_.back().kind != Kind::kLink) return false;
    while (open_.back().kind != kind) pop();
    Open closed = std::move(open_.back());
    pop();
    if (kind == Kind::kTable) out_.resize(closed.begin);
    else if (kind == Kind::kTemplate) leave_template(closed);
    else leave_link(closed);
    return true;
  }

  // Puts [begin, end) of out_ in the place of all from `place` on.
  void keep(size_t place, size_t begin, size_t end) {
    out_.resize(end);
    out_.erase(place, begin - place);
  }

  void leave_link(const Open& link) {
    size_t begin = link.begin + 2;
    if (link.hidden) return out_.resize(link.begin);
    size_t bar = link.bars.empty() ? out_.size() : link.bars.front();
    std::string_view target = std::string_view(out_).substr(begin, bar - begin);
    if (target.empty() || target.size() > kLongestTarget ||
        target.find_first_of("[]{}<>\n") != std::string_view::npos) {
      out_ += "]]";  // no title: `[[1,2],[3,4]]` of a program
      return;
    }
    if (link.bars.empty()) {
      bool colon = target.front() == ':';
      keep(link.begin, begin + colon, out_.size());
      return;
    }
    keep(link.begin, bar + 1, out_.size());
  }

  // Where the argument `index` (from 0) begins and ends.
  std::pair<size_t, size_t> argument(const Open& open, size_t index) const {
    size_t begin = open.bars[index] + 1;
    size_t end = index + 1 < open.bars.size() ? open.bars[index + 1] : out_.size();
    return {begin, end};
  }

  // The arguments without a name, and those whose name says that they are text, in order.
  std::vector<std::pair<size_t, size_t>> texts_of(const Open& open) const {
    constexpr size_t kLongestName = 40;
    std::vector<std::pair<size_t, size_t>> texts;
    for (size_t i = 0; i < open.bars.size(); ++i) {
      auto [begin, end] = argument(open, i);
      std::string_view value = std::string_view(out_).substr(begin, end - begin);
      size_t equals = value.substr(0, kLongestName).find('=');
      if (equals != std::string_view::npos) {
        if (!words().text_names.contains(normal_name(value.substr(0, equals)))) continue;
        begin += equals + 1;
      }
      texts.emplace_back(begin, end);
    }
    return texts;
  }

  void leave_template(const Open& open) {
    size_t name_end = open.bars.empty() ? out_.size() : open.bars.front();
    const Template& known = words().find(std::string_view(out_).substr(open.begin + 2, name_end - open.begin - 2));
    bool deep = count_[static_cast<size_t>(Kind::kTemplate)] >= kMaxKept;
    std::vector<std::pair<size_t, size_t>> texts;
    bool holds_text = known.leaves != Leaves::kNothing && known.leaves != Leaves::kSign && !deep;
    if (holds_text) texts = texts_of(open);
    switch (texts.empty() && known.leaves != Leaves::kSign ? Leaves::kNothing : known.leaves) {
      case Leaves::kNothing: return out_.resize(open.begin);
      case Leaves::kSign: return leave_sign(open.begin, known.sign);
      case Leaves::kFirst: return keep_trimmed(open.begin, texts.front());
      case Leaves::kSecond: return keep_trimmed(open.begin, texts[std::min<size_t>(1, texts.size() - 1)]);
      case Leaves::kLast: return keep_trimmed(open.begin, texts.back());
      case Leaves::kEvery: return replace(open.begin, joined(texts, texts.size(), " "));
      case Leaves::kJoined: return replace(open.begin, joined(texts, texts.size(), ""));
      case Leaves::kGloss: return replace(open.begin, glossed(texts));
      case Leaves::kQuantity: return replace(open.begin, joined(texts, quantity_size(texts), " "));
    }
  }

  // {{=}} and {{!}} stand where a sign would be read as markup.
  void leave_sign(size_t place, std::string_view sign) {
    out_.resize(place);
    append_shielded(out_, sign);
  }

  void replace(size_t place, std::string_view text) {
    out_.resize(place);
    out_ += text;
  }

  void keep_trimmed(size_t place, std::pair<size_t, size_t> range) {
    std::string_view value = ascii_trim(std::string_view(out_).substr(range.first, range.second - range.first));
    if (value.empty()) return out_.resize(place);
    auto begin = static_cast<size_t>(value.data() - out_.data());
    keep(place, begin, begin + value.size());
  }

  std::string joined(const std::vector<std::pair<size_t, size_t>>& texts, size_t count,
                     std::string_view between) const {
    std::string out;
    for (size_t i = 0; i < std::min(count, texts.size()); ++i) {
      std::string_view value =
          ascii_trim(std::string_view(out_).substr(texts[i].first, texts[i].second - texts[i].first));
      if (!value.empty() && !out.empty()) out += between;
      out += value;
    }
    return out;
  }

  // {{nihongo|Tokyo|東京|Tōkyō}} shows Tokyo (東京, Tōkyō), and what has no word to begin with its explanation alone.
  std::string glossed(const std::vector<std::pair<size_t, size_t>>& texts) const {
    constexpr size_t kShown = 3;  // a fourth is a note
    std::string word = joined({texts.front()}, 1, "");
    std::vector<std::pair<size_t, size_t>> rest = texts;
    rest.resize(std::min(kShown, rest.size()));
    rest.erase(rest.begin());
    std::string gloss = joined(rest, rest.size(), ", ");
    if (word.empty() || gloss.empty()) return word + gloss;
    return word + " (" + gloss + ")";
  }

  // {{convert|93|m|ft}} shows 93 m, {{convert|10|to|20|km|mi}} 10 to 20 km.
  size_t quantity_size(const std::vector<std::pair<size_t, size_t>>& texts) const {
    constexpr std::string_view kRanges = " to - – and or x × by +/- ± ~ ";
    if (texts.size() < 4) return 2;
    std::string_view word = ascii_trim(std::string_view(out_).substr(texts[1].first, texts[1].second - texts[1].first));
    bool range = !word.empty() && kRanges.find(" " + std::string(word) + " ") != std::string_view::npos;
    return range ? 4 : 2;
  }

  // `[http://x y]` leaves y; 0 where it is none.
  size_t read_address(size_t at) {
    constexpr std::string_view kSchemes[] = {"http://", "https://", "//", "ftp://", "mailto:", "news:", "irc://"};
    std::string_view rest = text_.substr(at + 1, kLongestTarget);
    if (std::none_of(std::begin(kSchemes), std::end(kSchemes), [&](auto scheme) { return rest.starts_with(scheme); }))
      return 0;
    // The next bracket, line and space are remembered: many that open before one do not look for it again and again.
    size_t end = next(']', at, next_close_), line = next('\n', at, next_line_), space = next(' ', at, next_space_);
    if (end == text_.size() || line < end) return 0;
    if (space < end) out_ += ascii_trim(text_.substr(space + 1, end - space - 1));
    return end + 1;
  }

  size_t next(char sign, size_t at, size_t& known) const {
    if (known <= at) known = std::min(text_.find(sign, at + 1), text_.size());
    return known;
  }

  bool is_hidden(std::string_view target) const {
    size_t colon = target.substr(0, std::min(target.find_first_of("|]["), target.size())).find(':');
    if (colon == std::string_view::npos || colon == 0 || colon > 60) return false;
    std::string prefix = normal_name(target.substr(0, colon));
    return std::find(site_.hidden.begin(), site_.hidden.end(), prefix) != site_.hidden.end() ||
           words().languages.contains(prefix);
  }

  // A template or table that does not end goes to the end of its paragraph.
  void drop_unclosed() {
    auto first = std::find_if(open_.begin(), open_.end(), [](const Open& o) { return o.kind != Kind::kLink; });
    if (first == open_.end()) return;
    size_t paragraph = out_.find("\n\n", first->begin);
    out_.erase(first->begin, paragraph == std::string::npos ? std::string::npos : paragraph - first->begin);
  }

  std::string_view text_;
  const WikiSite& site_;
  std::string out_;
  std::vector<Open> open_;
  size_t count_[3] = {};
  size_t next_close_ = 0, next_line_ = 0, next_space_ = 0;
  bool line_begins_ = true;
};

}  // namespace

std::string resolve_brackets(std::string_view text, const WikiSite& site) { return Brackets(text, site).run(); }

}  // namespace malmoi::data::wiki
