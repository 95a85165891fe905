// The tree construction of the HTML standard (13.2.6), as far as it decides what stands open.
#include "data/html/nesting.h"

#include <algorithm>
#include <initializer_list>
#include <unordered_map>

namespace malmoi::data::html {
namespace {

// More than any page means; each open one is made anew in every block that follows.
constexpr size_t kMaxFormatting = 16;
// An end tag of a formatting element works its way through so many blocks, then gives up.
constexpr size_t kAdoptionRounds = 7;

enum Kind : uint32_t {
  kVoid = 1,        // without content
  kFormatting = 2,  // opened again in the next block where it was not closed
  kSpecial = 4,     // what the end tag of an ordinary element does not reach across
  kScope = 8,       // what no end tag reaches across, except those of tables
  kClosesP = 16,    // ends a paragraph
  kTablePart = 32,  // rows, cells and the like: they go with their table
  kCell = 64,       // the parts that hold content
  kRoot = 128,      // html, head, body: one of each, whatever the tags
  kHeading = 256,
  kList = 512,          // what the end tag of an item does not reach across
  kButton = 1024,       // what the end of a paragraph does not reach across
  kMarker = 2048,       // formatting opened inside ends with it
  kBreakout = 4096,     // ends SVG and MathML
  kIntegration = 8192,  // of SVG and MathML: HTML stands inside
  kTemplate = 16384,
};

const std::unordered_map<std::string_view, uint32_t>& kinds() {
  static const auto* table = [] {
    auto* map = new std::unordered_map<std::string_view, uint32_t>;
    auto add = [map](uint32_t kind, std::initializer_list<std::string_view> names) {
      for (std::string_view name : names) (*map)[name] |= kind;
    };
    add(kVoid | kSpecial, {"area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input",
                           "keygen", "link", "meta", "param", "source", "track", "wbr"});
    add(kFormatting, {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"});
    add(kSpecial | kClosesP,
        {"address",  "article",    "aside",   "blockquote", "center", "details", "dir",     "div",  "dl",
         "fieldset", "figcaption", "figure",  "footer",     "header", "hgroup",  "main",    "menu", "nav",
         "ol",       "p",          "section", "summary",    "ul",     "pre",     "listing", "form", "li",
         "dd",       "dt",         "h1",      "h2",         "h3",     "h4",      "h5",      "h6",   "table"});
    add(kClosesP, {"dialog", "search", "hr"});
    add(kSpecial, {"applet", "button", "marquee", "noembed", "noframes", "object", "select", "template"});
    add(kScope, {"applet", "marquee", "object", "table", "template", "select"});
    add(kMarker, {"applet", "marquee", "object", "template"});
    add(kIntegration, {"mi", "mo", "mn", "ms", "mtext", "annotation-xml", "foreignobject", "desc", "title"});
    add(kTablePart, {"tbody", "thead", "tfoot", "tr", "td", "th", "caption", "colgroup"});
    add(kCell, {"td", "th", "caption"});
    add(kRoot, {"html", "head", "body", "frameset"});
    add(kHeading, {"h1", "h2", "h3", "h4", "h5", "h6"});
    add(kList, {"ol", "ul"});
    add(kButton, {"button"});
    add(kTemplate, {"template"});
    add(kBreakout, {"b",     "big",   "blockquote", "body",   "br",   "center", "code",  "dd", "div",  "dl",   "dt",
                    "em",    "embed", "h1",         "h2",     "h3",   "h4",     "h5",    "h6", "head", "hr",   "i",
                    "img",   "li",    "listing",    "menu",   "meta", "nobr",   "ol",    "p",  "pre",  "ruby", "s",
                    "small", "span",  "strong",     "strike", "sub",  "sup",    "table", "tt", "u",    "ul",   "var"});
    return map;
  }();
  return *table;
}

uint32_t kind_of(std::string_view name) {
  auto found = kinds().find(name);
  return found == kinds().end() ? 0 : found->second;
}

}  // namespace

// The topmost entry that matches, unless one that stops the search lies above it.
template <typename Match, typename Stop>
size_t Nesting::find(const Match& match, const Stop& stop) const {
  for (size_t i = stack_.size(); i-- > 0;) {
    if (match(stack_[i])) return i;
    // Of SVG and MathML, only the elements that hold HTML stop anything.
    if (stack_[i].foreign ? (kind_of(stack_[i].name) & kIntegration) != 0 : stop(stack_[i])) return kNone;
  }
  return kNone;
}

size_t Nesting::find_name(std::string_view name, uint32_t barriers) const {
  return find([&](const Entry& e) { return !e.foreign && e.name == name; },
              [&](const Entry& e) { return (e.kind & barriers) != 0; });
}

void Nesting::pop_to(size_t index) {
  while (stack_.size() > index) {
    Entry& top = stack_.back();
    if (!top.cell.empty()) leave_cell(stack_.size() - 1);
    bool marker = !top.foreign && (top.kind & kMarker);
    stack_.pop_back();
    if (marker) {
      size_t left = markers();
      std::erase_if(formatting_, [&](const Formatting& f) { return f.markers > left; });
    }
  }
}

// What was opened in a cell ends with it.
void Nesting::leave_cell(size_t table) {
  if (stack_[table].cell.empty()) return;
  size_t inside = markers();
  for (size_t i = table + 1; i < stack_.size(); ++i) {
    const Entry& entry = stack_[i];
    if (!entry.cell.empty() || (!entry.foreign && (entry.kind & kMarker))) --inside;
  }
  std::erase_if(formatting_, [&](const Formatting& f) { return f.markers >= inside; });
  stack_[table].cell.clear();
}

size_t Nesting::markers() const {
  return static_cast<size_t>(std::count_if(stack_.begin(), stack_.end(), [](const Entry& entry) {
    return !entry.cell.empty() || (!entry.foreign && (entry.kind & kMarker));
  }));
}

size_t Nesting::nearest_table() const { return find_name("table", kTemplate); }
size_t Nesting::open_select() const { return find_name("select", kScope); }

bool Nesting::foreign() const {
  return !stack_.empty() && stack_.back().foreign && !(kind_of(stack_.back().name) & kIntegration);
}

bool Nesting::open(std::string_view name, bool closes_itself) {
  uint32_t kind = kind_of(name);
  if (foreign()) {
    if (!(kind & kBreakout)) {
      if (!closes_itself) stack_.push_back({std::string(name), kind, true});
      return true;
    }
    // What is left out leaves no trace: nor does it end what it stands in.
    if ((kind & kFormatting) && is_left_out(name)) {
      remember(name, true);
      return false;
    }
    while (foreign()) stack_.pop_back();
  }
  if (size_t select = open_select(); select != kNone) {
    // Inside, only options count; a table's parts and other controls end it, the rest is ignored.
    bool ends = (kind & kTablePart) || name == "table" || name == "select" || name == "input" || name == "textarea";
    if (!ends && name != "option" && name != "optgroup" && name != "template") return true;
    if (ends) pop_to(select);
    if (name == "select") return true;
  }
  if (kind & kRoot) return true;
  if (kind & kClosesP)
    if (size_t p = find_name("p", kScope | kButton); p != kNone) pop_to(p);
  if (kind & kVoid) return true;
  if (kind & kTablePart) {
    size_t table = nearest_table();
    if (table == kNone) return true;  // ignored
    pop_to(table + 1);
    leave_cell(table);
    if (kind & kCell) stack_[table].cell = name;
    return true;
  }
  if (kind & kFormatting && !open_formatting(name)) return false;
  if (kind & kHeading && !stack_.empty() && (stack_.back().kind & kHeading)) stack_.pop_back();
  if (name == "li" || name == "dd" || name == "dt") open_in_list(name);
  if (name == "button")
    if (size_t button = find_name(name, kScope); button != kNone) pop_to(button);
  if ((name == "option" || name == "optgroup") && !stack_.empty() && stack_.back().name == "option") stack_.pop_back();
  if ((name == "rt" || name == "rp") && find_name("ruby", kScope) != kNone)
    while (stack_.back().name == "rt" || stack_.back().name == "rp" || stack_.back().name == "p") stack_.pop_back();
  stack_.push_back({std::string(name), kind, name == "svg" || name == "math"});
  return true;
}

// An item ends the one before it, unless it stands in something else within that.
void Nesting::open_in_list(std::string_view name) {
  auto alike = [&](const Entry& e) {
    return !e.foreign && (e.name == name || (name != "li" && (e.name == "dd" || e.name == "dt")));
  };
  auto apart = [](const Entry& e) {
    return (e.kind & kSpecial) && e.name != "address" && e.name != "div" && e.name != "p";
  };
  if (size_t item = find(alike, apart); item != kNone) pop_to(item);
}

// Of links and <nobr> one is open at most: they are never too many.
bool Nesting::is_left_out(std::string_view name) const {
  if (name == "a" || name == "nobr") return false;
  return std::count_if(formatting_.begin(), formatting_.end(), [](const Formatting& f) { return !f.left_out; }) >=
         static_cast<std::ptrdiff_t>(kMaxFormatting);
}

// What is left out is remembered for its end tag, as far as a page could mean it.
void Nesting::remember(std::string_view name, bool left_out) {
  if (!left_out || formatting_.size() < 64 * kMaxFormatting)
    formatting_.push_back({std::string(name), markers(), left_out});
}

bool Nesting::open_formatting(std::string_view name) {
  // A link or <nobr> in another one closes it.
  if (name == "a" || name == "nobr") close_formatting(name);
  const bool left_out = is_left_out(name);
  remember(name, left_out);
  return !left_out;
}

bool Nesting::close(std::string_view name) {
  uint32_t kind = kind_of(name);
  if (!stack_.empty() && stack_.back().foreign) {
    size_t i = stack_.size();
    while (i > 0 && stack_[i - 1].foreign && stack_[i - 1].name != name) --i;
    if (i > 0 && stack_[i - 1].foreign) {
      pop_to(i - 1);
      return true;
    }
  }
  if (size_t select = open_select(); select != kNone) {
    if (name == "select") pop_to(select);
    else if (name == "option" && stack_.back().name == name) stack_.pop_back();
    else if (name == "optgroup" && stack_.back().name == name) stack_.pop_back();
    if (!(kind & kTablePart) && name != "table") return true;
  }
  if (kind & (kVoid | kRoot)) return true;
  if (kind & kTablePart) {
    size_t table = nearest_table();
    if (table == kNone || stack_[table].cell.empty()) return true;
    const std::string& cell = stack_[table].cell;
    // The end of another kind of cell is ignored, and so are those of rows within a caption.
    if (kind & kCell ? cell != name : cell == "caption") return true;
    pop_to(table + 1);
    leave_cell(table);
    return true;
  }
  if (kind & kFormatting) return close_formatting(name);
  if (name == "table") {
    if (size_t table = nearest_table(); table != kNone) pop_to(table);
    return true;
  }
  if (name == "form") {  // it alone, not what stands open in it
    if (size_t form = find_name(name, kScope); form != kNone) stack_.erase(stack_.begin() + static_cast<long>(form));
    return true;
  }
  if (kind & kHeading) {
    size_t heading = find([](const Entry& e) { return !e.foreign && (e.kind & kHeading); },
                          [](const Entry& e) { return (e.kind & kScope) != 0; });
    if (heading != kNone) pop_to(heading);
    return true;
  }
  if (!(kind & kSpecial)) {
    close_ordinary(name);
    return true;
  }
  uint32_t barriers = kScope | (name == "li" ? uint32_t{kList} : 0) | (name == "p" ? uint32_t{kButton} : 0);
  if (size_t found = find_name(name, barriers); found != kNone) pop_to(found);
  return true;
}

// An end tag of an ordinary element is ignored where a block stands open within it.
void Nesting::close_ordinary(std::string_view name) {
  if (size_t found = find_name(name, kSpecial | kScope); found != kNone) pop_to(found);
}

bool Nesting::close_formatting(std::string_view name) {
  size_t around = markers();
  auto last = std::find_if(formatting_.rbegin(), formatting_.rend(),
                           [&](const Formatting& f) { return f.name == name && f.markers == around; });
  if (last != formatting_.rend()) {
    bool left_out = last->left_out;
    size_t found = find_name(name, kScope);
    size_t blocks = 0;
    for (size_t i = found == kNone ? stack_.size() : found; i < stack_.size(); ++i)
      blocks += (stack_[i].kind & kSpecial) != 0;
    if (left_out || blocks <= kAdoptionRounds) formatting_.erase(std::next(last).base());
    if (left_out) return false;
    if (found != kNone && blocks == 0) pop_to(found);
    else if (found != kNone && blocks <= kAdoptionRounds) stack_.erase(stack_.begin() + static_cast<long>(found));
  } else if (std::none_of(formatting_.begin(), formatting_.end(),
                          [&](const Formatting& f) { return f.name == name; })) {
    close_ordinary(name);
  }
  return true;
}

}  // namespace malmoi::data::html
