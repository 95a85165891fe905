#include "data/html/html.h"

#include <gtest/gtest.h>

#include <map>

#include "base/file.h"
#include "base/json.h"
#include "data/encoding.h"

namespace malmoi::data {
namespace {

std::map<std::string, int> count_tokens(const std::string& text) {
  std::map<std::string, int> counts;
  std::string token;
  for (char c : text + " ") {
    if (static_cast<unsigned char>(c) > ' ') token += c;
    else if (!token.empty()) ++counts[token], token.clear();
  }
  return counts;
}

double token_f1(const std::string& text, const std::string& expected) {
  auto a = count_tokens(text), b = count_tokens(expected);
  double common = 0, in_a = 0, in_b = 0;
  for (auto& [token, n] : a) {
    in_a += n;
    common += std::min(n, b.contains(token) ? b[token] : 0);
  }
  for (auto& [token, n] : b) in_b += n;
  if (in_a + in_b == 0) return 1;
  return 2 * common / (in_a + in_b);
}

class CleaningSet : public testing::TestWithParam<const char*> {};

TEST_P(CleaningSet, MainTextIsFound) {
  Path folder = Path(MALMOI_TEST_DATA) / "data" / GetParam();
  auto manifest = read_file(folder / "manifest.jsonl");
  ASSERT_TRUE(manifest.ok());
  for (size_t begin = 0; begin < manifest->size();) {
    size_t end = manifest->find('\n', begin);
    auto entry = parse_json(manifest->substr(begin, end - begin), "manifest");
    begin = end + 1;
    ASSERT_TRUE(entry.ok());
    auto bytes = read_file(folder / json_string(*entry, "file")),
         expected = read_file(folder / json_string(*entry, "expected"));
    ASSERT_TRUE(bytes.ok() && expected.ok());
    auto decoded = decode_text(*bytes, declared_charset(*bytes));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->encoding, json_string(*entry, "encoding"));
    HtmlText found = extract_html(decoded->text, {TextFormat::kPlain, false});
    EXPECT_GE(token_f1(clean_characters(found.text), *expected), 0.95) << json_string(*entry, "file") << "\n"
                                                                       << found.text;
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, CleaningSet, testing::Values("cleaning/html", "html"));

TEST(Html, MarkdownKeepsStructure) {
  HtmlText found = extract_html(
      "<main><h1>Title</h1><p>A first sentence with <code>code</code> inside it.</p><ol><li>one thing to "
      "do<ul><li>inner thing</li></ul></li>"
      "<li>another thing</li></ol><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2|3</td></tr></table>"
      "<pre>x = 1\n  y</pre><blockquote><p>Quoted words stand here.</p></blockquote></main>");
  EXPECT_EQ(
      found.text,
      "# Title\n\nA first sentence with `code` inside it.\n\n1. one thing to do\n  - inner thing\n2. another thing\n\n"
      "| a | b |\n| --- | --- |\n| 1 | 2\\|3 |\n\n```\nx = 1\n  y\n```\n\n> Quoted words stand here.");
  EXPECT_EQ(found.title, "Title");
}

TEST(Html, DepthAndBrokenMarkupAreHarmless) {
  std::string deep;
  for (int i = 0; i < 200000; ++i) deep += "<div>";
  HtmlText found = extract_html(deep + "The text at the bottom of it.");
  EXPECT_TRUE(found.flattened);
  EXPECT_EQ(found.text, "The text at the bottom of it.");
  std::string mixed;
  for (int i = 0; i < 100000; ++i) mixed += "<div></span>";
  EXPECT_TRUE(extract_html(mixed).flattened);
  std::string many;
  for (int i = 0; i < 1'100'000; ++i) many += "<b>x</b>";
  EXPECT_TRUE(extract_html(many).flattened);
  for (const char* broken : {"", "<", "<html", "</p></p>", "<table><td><table>", "<!--", "<p>\0</p>", "&#xFFFFFFFF;"})
    extract_html(broken);
}

TEST(Html, NamedContentIsNotTakenForBoilerplate) {
  HtmlText found = extract_html(
      "<body class='home has-sidebar'><div id='sidebar-layout'><main><h1>Report</h1><p>The whole page lies in a "
      "container whose name "
      "says sidebar, and yet it is the content.</p></main></div></body>",
      {TextFormat::kPlain, false});
  EXPECT_NE(found.text.find("and yet it is the content"), std::string::npos);
}

TEST(Html, WholePageKeepsEverythingShown) {
  HtmlText found = extract_html("<body><p>One</p><p style='display: none'>Two</p><p><a href=x>Three</a></p></body>",
                                {TextFormat::kPlain, true});
  EXPECT_EQ(found.text, "One\n\nThree");
}

}  // namespace
}  // namespace malmoi::data
