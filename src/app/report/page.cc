#include "app/report/page.h"

namespace malmoi::embedded {
extern const std::string_view page_style, page_draw;
}

namespace malmoi::app {
namespace {

// In a <script>, "</" or "<!--" would end or bend the element; JSON may spell '<' as an escape.
std::string for_script(const Json& data) {
  std::string text = dump_json(data), out;
  for (char c : text) {
    if (c == '<') out += "\\u003c";
    else out += c;
  }
  return out;
}

}  // namespace

Result<std::string> fill_page(std::string_view page, const Json& data, std::string_view script) {
  std::string html(page);
  const std::string json = for_script(data);
  // The data last: what stands in it is never taken for a place.
  const std::pair<std::string_view, std::string_view> places[] = {{"{{STYLE}}", embedded::page_style},
                                                                  {"{{DRAW}}", embedded::page_draw},
                                                                  {"{{SCRIPT}}", script},
                                                                  {"{{DATA}}", json}};
  for (const auto& [place, text] : places) {
    if (place == "{{SCRIPT}}" && script.empty()) continue;
    const size_t at = html.find(place);
    if (at == std::string::npos) return internal_error("the page has no place for " + std::string(place));
    html.replace(at, place.size(), text);
  }
  return html;
}

}  // namespace malmoi::app
