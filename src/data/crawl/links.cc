#include "data/crawl/links.h"

#include <cstring>
#include <pugixml.hpp>

#include "base/ascii.h"
#include "data/html/dom.h"
#include "data/html/tree.h"

namespace malmoi::data {
namespace {

constexpr size_t kMaxLinks = 20000;

using html::attribute;

struct HtmlLinks {
  Url base;
  PageLinks found;
  bool follow = true;

  void visit(const GumboNode* node) {
    if (node->type != GUMBO_NODE_ELEMENT) return;
    const GumboElement& element = node->v.element;
    if (element.tag == GUMBO_TAG_BASE) {
      if (auto url = resolve_url(base, attribute(element, "href"))) base = *url;
    } else if (element.tag == GUMBO_TAG_META && ascii_lower(attribute(element, "name")) == "robots") {
      std::string content = ascii_lower(attribute(element, "content"));
      if (content.find("noindex") != std::string::npos || content.find("none") != std::string::npos)
        found.store = false;
      if (content.find("nofollow") != std::string::npos || content.find("none") != std::string::npos) follow = false;
    } else if (element.tag == GUMBO_TAG_A || element.tag == GUMBO_TAG_AREA || element.tag == GUMBO_TAG_FRAME) {
      add(attribute(element, element.tag == GUMBO_TAG_FRAME ? "src" : "href"), ascii_lower(attribute(element, "rel")));
    } else if (element.tag == GUMBO_TAG_LINK) {
      std::string rel = ascii_lower(attribute(element, "rel")), type = ascii_lower(attribute(element, "type"));
      bool feed =
          rel == "alternate" && (type.find("rss") != std::string::npos || type.find("atom") != std::string::npos);
      if (feed || rel == "next") add(attribute(element, "href"), "");
    }
    for (unsigned i = 0; i < element.children.length; ++i)
      visit(static_cast<const GumboNode*>(element.children.data[i]));
  }

  void add(std::string_view reference, const std::string& rel) {
    if (reference.empty() || rel.find("nofollow") != std::string::npos || found.links.size() >= kMaxLinks) return;
    if (auto url = resolve_url(base, reference)) found.links.push_back(*url);
  }
};

PageLinks html_links(const Url& page, std::string_view body) {
  html::Tree tree = html::Tree::parse(body);
  HtmlLinks links{page, {}, true};
  if (tree.root()) links.visit(tree.root());
  if (!links.follow) links.found.links.clear();
  return std::move(links.found);
}

PageLinks xml_links(const Url& page, std::string_view body) {
  PageLinks found;
  pugi::xml_document xml;
  xml.load_buffer(body.data(), body.size());
  pugi::xml_node root = xml.document_element();
  bool index = std::strcmp(root.name(), "sitemapindex") == 0;
  auto add = [&](const char* text, std::vector<Url>& into) {
    if (into.size() < kMaxLinks * 3)
      if (auto url = resolve_url(page, text)) into.push_back(*url);
  };
  for (pugi::xml_node holder : {root, root.child("channel")})
    for (pugi::xml_node child : holder.children()) {
      if (const char* location = child.child("loc").text().get(); *location)
        add(location, index ? found.sitemaps : found.links);
      bool entry = std::strcmp(child.name(), "item") == 0 || std::strcmp(child.name(), "entry") == 0;
      if (!entry) continue;
      if (const char* link = child.child("link").text().get(); *link) add(link, found.links);
      else if (const char* href = child.child("link").attribute("href").value(); *href) add(href, found.links);
    }
  return found;
}

}  // namespace

PageLinks find_links(const Url& page, std::string_view content_type, std::string_view body) {
  std::string type = ascii_lower(content_type.substr(0, content_type.find(';')));
  std::string head = ascii_lower(body.substr(0, 512));
  bool html = type.find("html") != std::string::npos || head.find("<html") != std::string::npos ||
              head.find("<!doctype html") != std::string::npos;
  if (html) return html_links(page, body);
  bool xml = type.find("xml") != std::string::npos || head.find("<?xml") != std::string::npos ||
             head.find("<urlset") != std::string::npos;
  if (xml) {
    PageLinks found = xml_links(page, body);
    // Sitemaps are no documents; feeds are.
    found.store = head.find("<urlset") == std::string::npos && head.find("<sitemapindex") == std::string::npos;
    return found;
  }
  return {};
}

}  // namespace malmoi::data
