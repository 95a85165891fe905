#include "data/html/html.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "data/html/blocks.h"
#include "data/html/choose.h"
#include "data/html/markup.h"
#include "data/html/tree.h"
#include "data/html/write.h"

namespace malmoi::data {
namespace {

using html::Page;

// "Mending a tap | A Small Workshop" -> "Mending a tap".
std::string page_title(const Page& page, const std::vector<char>& keep) {
  for (size_t i = 0; i < keep.size(); ++i)
    if (keep[i] && html::is_heading(page.blocks[i]) && page.blocks[i].level <= 2) return page.blocks[i].text;
  std::string title = page.title;
  for (char& c : title)
    if (c == '\n' || c == '\t' || c == '\r') c = ' ';
  for (std::string_view separator : {" | ", " - ", " — ", " – ", " :: ", " » ", " : "}) {
    size_t at = title.rfind(separator);
    if (at != std::string::npos && at >= 4) {
      title.resize(at);
      break;
    }
  }
  size_t begin = title.find_first_not_of(' ');
  if (begin == std::string::npos) return {};
  return title.substr(begin, title.find_last_not_of(' ') - begin + 1);
}

std::string language_tag(std::string_view lang) {
  std::string out;
  for (char c : ascii_lower(lang.substr(0, lang.find_first_of("-_"))))
    if (c >= 'a' && c <= 'z') out += c;
  return out.size() <= 3 ? out : std::string();
}

}  // namespace

HtmlText extract_html(std::string_view source, const HtmlOptions& options) {
  HtmlText result;
  html::Tree tree = html::Tree::parse(source);
  if (!tree.root()) {
    result.text = html::strip_tags(tree.markup());
    result.flattened = true;
    return result;
  }
  Page page = html::list_blocks(tree, {options.whole_page, false});
  std::vector<char> keep = options.whole_page ? std::vector<char>(page.blocks.size(), 1) : html::choose_blocks(page);
  bool hides = source.find("hidden") != std::string_view::npos || source.find("none") != std::string_view::npos;
  if (!options.whole_page && hides && std::none_of(keep.begin(), keep.end(), [](char k) { return k; })) {
    // A page that scripts unfold: all of its content is hidden at first. A hidden note or window is too short for that.
    Page unfolded = html::list_blocks(tree, {false, true});
    std::vector<char> chosen = html::choose_blocks(unfolded);
    size_t width = 0;
    for (size_t i = 0; i < chosen.size(); ++i) width += chosen[i] ? unfolded.blocks[i].width : 0;
    if (width >= 300) {
      page = std::move(unfolded);
      keep = std::move(chosen);
    }
  }
  result.text = html::write_blocks(page, keep, options.format);
  result.title = page_title(page, keep);
  result.language = language_tag(page.language);
  return result;
}

}  // namespace malmoi::data
