// What is left of wikitext: text that templates carry, signs that are no markup, and inputs made to be slow.
#include "data/readers/wikitext.h"

#include <gtest/gtest.h>

#include "base/test_growth.h"
#include "data/readers/test_read.h"
#include "data/readers/wiki_words.h"

namespace malmoi::data {
namespace {

struct Case {
  const char* wiki;
  const char* text;
};

void check(std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(wikitext_to_markdown(c.wiki), c.text) << c.wiki;
}

TEST(Wikitext, TagsTablesFilesAndComments) {
  check({{"== 제목 ==\n글 '''굵게'''와 '''''둘 다'''''", "## 제목\n글 굵게와 둘 다"},
         {"앞 <!-- 숨은 --> 뒤<ref name=\"a>b\">각주</ref>. 또<ref name=x/>.", "앞  뒤. 또."},
         {"앞\n{| class=\"wikitable\"\n|-\n| 값 {{틀|x}}\n|}\n뒤", "앞\n\n뒤"},
         {"앞\n:{|\n| 값\n |}\n뒤", "앞\n\n뒤"},
         {"[[파일:a.jpg|섬네일|설명 [[링크]] {{lang|en|x}}]]글 [[분류:강]][[en:River]][[:분류:강]]", "글 분류:강"}});
}

TEST(Wikitext, TemplatesThatHoldTextLeaveIt) {
  check({{"높이는 {{convert|93|m|ft}}이며 {{convert|10|to|20|km|mi}}다", "높이는 93 m이며 10 to 20 km다"},
         {"{{인용문|물은 느리게 흐른다.}} {{nowrap|세 번}} {{llang|en|river}} {{한자|江}}",
          "물은 느리게 흐른다. 세 번 river 江"},
         {"{{Lang|en|text}} {{lang-de|Fluss}} {{NOWRAP| a b }} {{틀:nowrap|c}}", "text Fluss a b c"},
         {"{{quote|text=말|author=누구}} {{인용문|1=하나=둘}}", "말 하나=둘"},
         {"{{nowrap|{{lang|en|[[a|b]] c}}}}", "b c"},
         {"{{math|x {{=}} 1}} [[강|{{asterisk}} {{!}}]]", "x = 1 * |"},
         {"1 {{ndash}} 2{{nbsp}}3 {{=}} {{!}}", "1 – 2 3 = |"},
         {"{{색|red|붉은 글}} {{임시링크|강|en|River}} {{출생일|1990|1|2}} {{chem|H|2|O}}", "붉은 글 강 1990 1 2 H2O"},
         {"{{transl|ja|Hepburn|kawa}}", "kawa"},
         {"{{각주}}{{정보상자|이름=강|길이={{convert|1|km}}}}{{Cite web|title=x}}끝", "끝"}});
}

TEST(Wikitext, ATermWithWhatItIsElsewhere) {
  check({{"{{nihongo|Tokyo|東京|Tōkyō}} and {{일본어|도쿄|東京}}.", "Tokyo (東京, Tōkyō) and 도쿄 (東京)."},
         {"{{nihongo|Tokyo|東京|Tōkyō|a note|lead=yes}} {{nihongo||東京}} {{nihongo|Tokyo}} {{nihongo}}",
          "Tokyo (東京, Tōkyō) 東京 Tokyo"},
         {"{{langx|de|Fluss}} {{ubl|one|two}} {{IPA-ko|kaŋ}} {{글씨색|red|붉은 글}} {{gaps|1|234}}",
          "Fluss one two kaŋ 붉은 글 1234"}});
}

TEST(Wikitext, SignsThatAreNoMarkup) {
  check({{"x<y 이고 y>z 이다", "x<y 이고 y>z 이다"},
         {"a<b and b>c; 1<2, <3, i<s>0", "a<b and b>c; 1<2, <3, i0"},
         {"a &lt;b&gt; c &amp; 25&deg;C&ndash;30&#176;C 3&times;4 &eacute; &#x41; &nosuch; &",
          "a <b> c & 25°C–30°C 3×4 é A &nosuch; &"},
         {"<code>[[1,2],[3,4]]</code> <nowiki>[[링크 아님]] {{틀}} ''x'' &deg;</nowiki>",
          "[[1,2],[3,4]] [[링크 아님]] {{틀}} ''x'' °"},
         {"__FILE__ 과 __LINE__ 은 글이고 __TOC__ 은 아니다", "__FILE__ 과 __LINE__ 은 글이고  은 아니다"},
         {"<syntaxhighlight lang=\"c\">int a[2] = {{1}};</syntaxhighlight> 식 <math>a_{1} < b</math>",
          "`int a[2] = {{1}};` 식 $a_{1} < b$"},
         {"<syntaxhighlight lang=\"sh\">a ` b</syntaxhighlight> 끝", "``a ` b`` 끝"},
         {"<syntaxhighlight lang=\"md\">\n```\nx\n```\n</syntaxhighlight>", "````\n```\nx\n```\n````"},
         {"<syntaxhighlight lang=\"py\">\nif x:\n  # y\n  pass\n</syntaxhighlight>\n끝",
          "```\nif x:\n  # y\n  pass\n```\n끝"},
         {"<pre>\n* 그대로\n</pre>", "* 그대로"},
         {"집합 {|x|} 와 [1, 2] ]] }}", "집합 {|x|} 와 [1, 2] ]] }}"},
         {"배열 a[i][j], [[끝나지 않은", "배열 a[i][j], [[끝나지 않은"}});
}

TEST(Wikitext, OfVariantsTheFirst) {
  check({{"-{zh-hans:计算机;zh-hant:電腦}-是-{机}-器-{H|zh-cn:隐;zh-tw:隱}-。", "计算机是机器。"},
         {"-{A|zh-cn:软件; zh-tw:軟體;}- a-{b", "软件 a-{b"}});
}

TEST(Wikitext, RedirectsInManyLanguages) {
  EXPECT_TRUE(is_wiki_redirect("#REDIRECT [[a]]"));
  EXPECT_TRUE(is_wiki_redirect(" #넘겨주기: [[a]]"));
  EXPECT_TRUE(is_wiki_redirect("#転送[[a]]"));
  EXPECT_FALSE(is_wiki_redirect("# 목록 [[a]]"));
  EXPECT_FALSE(is_wiki_redirect("글"));
}

TEST(MediaWiki, NamespacesAreThoseOfTheDump) {
  std::string head =
      "<mediawiki xml:lang=\"xx\"><siteinfo><namespaces><namespace key=\"0\"/><namespace key=\"6\">Bildo</namespace>"
      "<namespace key=\"14\">Katego Rio</namespace><namespace key=\"1\">Diskuto</namespace></namespaces></siteinfo>";
  auto page = [](const std::string& title, const std::string& extra, const std::string& text) {
    return "<page><title>" + title + "</title>" + extra + "<id>1</id><revision><text>" + text +
           "</text></revision></page>";
  };
  ReadResult result = read_bytes(
      "dump.xml",
      head + page("Rivero", "<ns>0</ns>", "[[Bildo:a.jpg|x]]Akvo [[Maro:x|fluas]].[[katego_rio:Akvo]][[Category:W]]") +
          page("Diskuto:Rivero", "", "not an article") + page("Maro: la", "", "An article of an old dump.") +
          "</mediawiki>");
  ASSERT_EQ(result.documents.size(), 2u);
  EXPECT_EQ(result.documents[0].text, "Akvo fluas.");
  EXPECT_EQ(result.documents[1].text, "An article of an old dump.");
}

TEST(Wikitext, WordsAreThere) {
  EXPECT_GT(wiki::words().templates.size(), 150u);
  EXPECT_TRUE(wiki::words().magic.contains("toc"));
  EXPECT_FALSE(wiki::words().text_names.empty());
  EXPECT_FALSE(wiki::words().languages.empty());
  EXPECT_FALSE(common_wiki_site().hidden.empty());
}

// Inputs made to be slow: what opens and does not close, what nests, what almost is markup.
TEST(Wikitext, TakesTimeInProportion) {
  const std::pair<const char*, const char*> kParts[] = {
      {"<ref>", ""},    {"<ref name=\"", ""}, {"<b", ""},        {"<nowiki>x", ""},  {"<!-- ", ""},
      {"[[a|", "]]"},   {"[[파일:a|", "]]"},  {"[[", ""},        {"{{", ""},         {"{{nowrap|", "}}"},
      {"{{a|", "}}"},   {"{|\n", "|}\n"},     {"[http://a", ""}, {"[http://a ", ""}, {"''", ""},
      {"__a", ""},      {"&amp", ""},         {"=", ""},         {"]]", ""},         {"}}", ""},
      {"{{a|[[b|", ""}, {"\n{|", ""},         {"'''''a", ""},    {"&deg;", ""},      {"<math>", "</math>"},
      {"-{", "}-"}};
  for (const auto& [open, close] : kParts) {
    auto read = [&](size_t n) {
      std::string text;
      for (size_t i = 0; i < n; ++i) text += open;
      for (size_t i = 0; i < n; ++i) text += close;
      wikitext_to_markdown(text);
    };
    EXPECT_LT(growth_of(read, 4000), kSteepestGrowth) << open;
  }
}

}  // namespace
}  // namespace malmoi::data
