// What a parser is given of a page: the same page within limits; and what trees cost as pages grow.
#include "data/html/markup.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "data/html/html.h"
#include "data/html/tree.h"

namespace malmoi::data::html {
namespace {

std::string markup(std::string_view page) { return bounded_markup(page).html; }

TEST(Markup, OrdinaryPagesStayAsTheyAre) {
  for (std::string_view page :
       {"<!doctype html><p class=\"a b\" id=\"c\">Text &amp; more<br>of it</p>", "a < b and c > d &lt; e",
        "<a href=\"?a=1&b=2\">x</a>", "<title>A title</title><ul><li>one<li>two</ul>",
        "<svg class=\"x\"><path id=\"M0\" /></svg>"}) {
    std::string expected(page);
    if (page.starts_with("a <")) expected = "a &lt; b and c > d &lt; e";
    EXPECT_EQ(markup(page), expected);
  }
}

TEST(Markup, WhatIsNotShownIsLeftOut) {
  EXPECT_EQ(markup("a<!-- b --><!--><!--->c<? d ?>e<!x>f</ g>h</>i<!-- j --!>k"), "acefhik");
  EXPECT_EQ(markup("x<script>if (a < b) '</p>'</script>y"), "xy");
  EXPECT_EQ(markup("x<script><!-- document.write('<script>z</script>') //--></script>y"), "xy");
  EXPECT_EQ(markup("x<STYLE>p { }</Style >y<textarea><p></textarea>z"), "xyz");
  EXPECT_EQ(markup("x<script>never closed <p>y"), "x");
  EXPECT_EQ(markup("<title>a <b> c</title>"), "<title>a &lt;b> c</title>");
  EXPECT_EQ(markup("<script type=\"math/tex\">a < \"b\" & c</script>"),
            "<math alttext=\"a &lt; &quot;b&quot; &amp; c\"></math>");
}

TEST(Markup, AttributesAreAsTheStandardReadsThem) {
  EXPECT_EQ(markup("<p ID=1 class='2' alt=\"3\"hidden lang = f/>"),
            "<p id=\"1\" class=\"2\" alt=\"3\" hidden lang=\"f/\">");
  EXPECT_EQ(markup("<p id='say \"x\"'>"), "<p id=\"say &quot;x&quot;\">");
  EXPECT_EQ(markup("<p id='never closed>text"), "");
  EXPECT_EQ(markup("<br/><p =id data-x=1 onclick='a>b' id>"), "<br /><p id>");
  std::string many = "<p", same = "<p";
  for (int i = 0; i < 40'000; ++i) {
    many += " a" + std::to_string(i) + "=1";
    same += " id=1";
  }
  EXPECT_EQ(markup(many + ">x"), "<p>x");
  EXPECT_LT(markup(same + ">x").size(), 400u);
}

TEST(Markup, FormattingStandsOpenSixteenTimesAtMost) {
  std::string open, closed;
  for (int i = 0; i < 40; ++i) open += "<b>";
  for (int i = 0; i < 40; ++i) closed += "</b>";
  std::string bounded = markup(open + "x" + closed);
  EXPECT_EQ(bounded, open.substr(0, 16 * 3) + "x" + closed.substr(0, 16 * 4));
  // Those that close are no matter, nor cells that end with their formatting open.
  std::string row;
  for (int i = 0; i < 100; ++i) row += "<p><b>x</b></p><table><tr><td><i>y</td></tr></table>";
  EXPECT_EQ(markup(row), row);
}

TEST(Markup, TextWithoutATreeIsCutFromTags) {
  EXPECT_EQ(strip_tags(markup("<p a='>'>one &lt; two</p><script>no</script><p>three &amp; four")),
            "one < two\nthree & four");
}

// Unclosed in every way that the standard lets elements nest by: one more level with each repetition.
TEST(HtmlTree, DepthIsFoundWhateverTheTags) {
  for (std::string unit : {"<div>",
                           "<b><object></b></object>",
                           "<span><p></span></p>",
                           "<li><dd>",
                           "<div><table></div></table>",
                           "<form><div></form>",
                           "<div><select></div></select>",
                           "<svg><td>",
                           "<rt>",
                           "<option><optgroup>",
                           "<button><div>",
                           "<ruby><rt><ruby><rt>",
                           "<h1><div></h1>",
                           "<a><div>",
                           "<nobr><p>",
                           "<table><tr><td>",
                           "<template>",
                           "<math><mi>",
                           "<b><p></b>",
                           "<q>",
                           "<div></span>"}) {
    std::string page;
    for (int i = 0; i < 30'000; ++i) page += unit;
    HtmlText found =
        extract_html(page + "The text at the bottom of it.");  // no end of the stack, whether flattened or not
    EXPECT_TRUE(found.text.empty() || found.text.find("bottom") != std::string::npos) << unit;
  }
}

size_t nodes_of(const GumboNode* node) {
  size_t count = 1;
  if (node->type == GUMBO_NODE_ELEMENT)
    for (unsigned i = 0; i < node->v.element.children.length; ++i)
      count += nodes_of(static_cast<const GumboNode*>(node->v.element.children.data[i]));
  return count;
}

// Nodes, as a page of each kind doubles: they double too, or the page is refused.
TEST(HtmlTree, GrowsAsThePageDoes) {
  const std::vector<std::pair<const char*, std::function<std::string(size_t)>>> kinds = {
      {"tags", [](size_t) { return std::string("<p>x<i>y</i>"); }},
      {"formatting", [](size_t n) { return "<font color=" + std::to_string(n) + "><p>x"; }},
      {"formatting, then blocks",
       [](size_t n) { return n < 500 ? "<b id=" + std::to_string(n) + ">" : std::string("<p>x"); }},
      {"formatting in tables",
       [](size_t n) { return n < 500 ? "<table><u id=" + std::to_string(n) + "></table>" : std::string("<p>x"); }},
      {"attributes", [](size_t n) { return "<p a" + std::to_string(n) + "=1 b=2>x"; }},
      {"entities", [](size_t) { return std::string("&amp;&lt&notanentity;"); }},
      {"links", [](size_t) { return std::string("<a href=x><div>x"); }},
      {"misnested", [](size_t) { return std::string("<b><i>x</b><p>y</i>"); }}};
  for (const auto& [name, unit] : kinds) {
    std::vector<size_t> counts;
    for (size_t n : {1000, 2000, 4000}) {
      std::string page;
      for (size_t i = 0; i < n; ++i) page += unit(i);
      Tree tree = Tree::parse(page);
      counts.push_back(tree.root() ? nodes_of(tree.root()) : 0);
      EXPECT_LE(counts.back(), 64 * n) << name;
    }
    for (size_t i = 1; i < counts.size(); ++i) {
      if (counts[i - 1] > 0) {
        EXPECT_LE(counts[i], 3 * counts[i - 1]) << name;
      }
    }
  }
}

TEST(HtmlTree, BudgetEndsAParse) {
  // Formatting that the pass before the parser takes for closed: each block makes all of it anew.
  std::string page;
  for (int i = 0; i < 3000; ++i) page += "<table><font color=" + std::to_string(i) + "></table>";
  for (int i = 0; i < 20'000; ++i) page += "<p>x";
  Tree tree = Tree::parse(page + "<p>The text at the bottom of it.");
  size_t nodes = tree.root() ? nodes_of(tree.root()) : 0;
  EXPECT_LE(nodes, tree_budget(page.size(), bounded_markup(page).tags) / 100);
}

}  // namespace
}  // namespace malmoi::data::html
