#include "data/html/lists.h"

#include <charconv>
#include <string_view>
#include <system_error>

#include "base/ascii.h"
#include "data/html/dom.h"

namespace malmoi::data::html {
namespace {

int count_items(const GumboElement& list) {
  int items = 0;
  for (unsigned i = 0; i < list.children.length; ++i) {
    auto* child = static_cast<const GumboNode*>(list.children.data[i]);
    items += child->type == GUMBO_NODE_ELEMENT && child->v.element.tag == GUMBO_TAG_LI;
  }
  return items;
}

void read_number(const GumboElement& element, const char* name, int& number) {
  constexpr int kLargest = 1'000'000'000;  // so that counting on from it cannot overflow
  std::string_view text = ascii_trim(attribute(element, name));
  if (text.starts_with('+')) text.remove_prefix(1);
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && value >= -kLargest && value <= kLargest) number = value;
}

}  // namespace

List begin_list(const GumboElement& element) {
  List list;
  list.ordered = element.tag == GUMBO_TAG_OL;
  if (!list.ordered) return list;
  bool reversed = has_attribute(element, "reversed");
  list.step = reversed ? -1 : 1;
  list.number = reversed ? count_items(element) : 1;
  read_number(element, "start", list.number);
  return list;
}

void begin_item(const GumboElement& element, List& list) { read_number(element, "value", list.number); }

}  // namespace malmoi::data::html
