// What of a page's main content is kept, and how it is written: linked lists, numbers, formulas, readings, code, anchors.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "data/html/html.h"

namespace malmoi::data {
namespace {

const std::string kProse =
    "Copper kettles keep the heat longer than tin ones, which is why the old kitchens on the coast were full of them.";
const std::string kLinks =
    "<ul><li><a href=/a>Ladle</a></li><li><a href=/b>Trivet</a></li><li><a href=/c>Strainer</a></li></ul>";
const std::string kLinksText = "- Ladle\n- Trivet\n- Strainer";

std::string page(const std::string& body) {
  return "<!doctype html><html><body><nav><ul><li><a href=/>HOME</a></li></ul></nav>" + body +
         "<div class=menu><ul><li><a href=/x>MENU</a></li></ul></div><footer><a "
         "href=/p>PRIVACY</a></footer></body></html>";
}

std::string markdown(const std::string& body) { return extract_html(page(body)).text; }

// Of an article with `part` between two paragraphs: what stands between them.
std::string between(const std::string& part) {
  std::string text = markdown("<article><p>" + kProse + "</p>" + part + "<p>" + kProse + "</p></article>");
  std::string edge = kProse + "\n\n";
  if (text == edge + kProse) return "";
  if (!text.starts_with(edge) || !text.ends_with("\n\n" + kProse)) return "outside: " + text;
  return text.substr(edge.size(), text.size() - 2 * edge.size());
}

TEST(HtmlContent, ListsOfLinksBesideProseAreKept) {
  EXPECT_EQ(between(kLinks), kLinksText);
  EXPECT_EQ(between("<div>" + kLinks + "</div>"), kLinksText);
  EXPECT_EQ(between("<ul class='list links'><li><a href=/a>Ladle</a></li></ul>"), "- Ladle");
  EXPECT_EQ(between("<ul><li><p><a href=/a>Ladle</a></p></li><li><span>Trivet</span></li></ul>"), "- Ladle\n- Trivet");
  EXPECT_EQ(between("<ol><li><a href=/a>Join</a> it.</li><li>Choose.</li></ol>"), "1. Join it.\n2. Choose.");
  for (std::string holder : {"article", "main", "div"})
    for (const std::string& tail : {std::string(), "<p>" + kProse + "</p>"}) {
      std::string text =
          markdown("<" + holder + "><h1>Parts</h1><p>" + kProse + "</p>" + kLinks + tail + "</" + holder + ">");
      EXPECT_NE(text.find(kLinksText), std::string::npos) << holder << "\n" << text;
      for (const char* outside : {"HOME", "MENU", "PRIVACY"})
        EXPECT_EQ(text.find(outside), std::string::npos) << holder;
    }
}

TEST(HtmlContent, TablesAndParagraphsOfLinksAreKept) {
  EXPECT_EQ(between("<table><tr><th>Part</th><th>Page</th></tr><tr><td><a href=1>Ladle</a></td><td><a "
                    "href=2>One</a></td></tr></table>"),
            "| Part | Page |\n| --- | --- |\n| Ladle | One |");
  EXPECT_EQ(between("<p><a href=1>The report of the committee on kettles</a></p>"),
            "The report of the committee on kettles");
  EXPECT_EQ(between("<dl><dt><a href=1>Ladle</a></dt><dd><a href=2>A long spoon</a></dd></dl>"),
            "Ladle\n\nA long spoon");
  std::string listing = "<main><h1>Manuals</h1><p>" + kProse + "</p>";
  for (int i = 0; i < 60; ++i)
    listing += "<p><a href=" + std::to_string(i) + ".pdf>Manual number " + std::to_string(i) + "</a></p>";
  EXPECT_NE(markdown(listing + "</main>").find("Manual number 59"), std::string::npos);
}

TEST(HtmlContent, NavigationWithinTheContentStaysOut) {
  EXPECT_EQ(between("<ul class=tags><li><a href=x>TAG</a></li></ul>"), "");
  EXPECT_EQ(between("<div class=related><h3>Related</h3>" + kLinks + "</div>"), "");
  // Unnamed and beside the prose itself, before and after all of it.
  std::string bare =
      "<div><a href=/>HOME</a> <a href=/n>NEWS</a></div><ul><li><a href=/>HOME</a></li><li><a "
      "href=/m>MENU</a></li></ul><p>" +
      kProse + "</p><p>" + kProse + "</p><ul><li><a href=/t>TERMS</a></li></ul><div><a href=/c>CONTACT</a></div>";
  EXPECT_EQ(markdown(bare), kProse + "\n\n" + kProse);
  // A bar at the side, in a page without semantic elements.
  std::string text = markdown("<div class=wrap><div class=post><p>" + kProse + "</p><p>" + kProse +
                              "</p></div><div><h3>More</h3>" + kLinks + "</div></div>");
  EXPECT_EQ(text, kProse + "\n\n" + kProse);
}

TEST(HtmlContent, AHeadingThatCutsIsNoTitle) {
  std::string article =
      "<article><h2>Comments</h2><p>" + kProse + "</p><h2>Comments</h2><p>" + kProse + "</p></article>";
  EXPECT_EQ(markdown(article), "## Comments\n\n" + kProse);
}

TEST(HtmlContent, NumbersOfItemsAreThoseShown) {
  EXPECT_EQ(between("<ol start=4><li>four</li><li value=9>nine</li><li>ten</li></ol>"), "4. four\n9. nine\n10. ten");
  EXPECT_EQ(between("<ol reversed><li>c</li><li>b</li></ol>"), "2. c\n1. b");
  EXPECT_EQ(between("<ol reversed start=10><li>x<ol><li>in</li></ol></li><li>y</li></ol>"), "10. x\n  1. in\n9. y");
  EXPECT_EQ(between("<ol start=0><li>zero</li></ol>"), "0. zero");
  EXPECT_EQ(between("<ol start=-3><li>below</li></ol>"), "0. below");
  EXPECT_EQ(between("<ol start=99999999999999999999><li>one</li></ol>"), "1. one");
  EXPECT_EQ(between("<ol><li>one</li></ol><ul><li>other</li></ul>"), "1. one\n\n- other");
}

TEST(HtmlContent, AFormulaStandsOnce) {
  const std::string mathml =
      "<math><semantics><mrow><mi>Q</mi><mo>=</mo><mi>m</mi></mrow><annotation encoding='application/x-tex'>Q = m"
      "</annotation></semantics></math>";
  EXPECT_EQ(between("<p>so " + mathml + " it is</p>"), "so $Q = m$ it is");
  EXPECT_EQ(between("<p>so <math alttext='x^2'><msup><mi>x</mi><mn>2</mn></msup></math></p>"), "so $x^2$");
  EXPECT_EQ(
      between(
          "<p>so <math "
          "display=block><mfrac><mn>1</mn><mi>n</mi></mfrac><mo>+</mo><msub><mi>a</mi><mn>10</mn></msub></math></p>"),
      "so $$\\frac{1}{n}+a_{10}$$");
  // KaTeX.
  EXPECT_EQ(between("<p>so <span class=katex><span class=katex-mathml>" + mathml +
                    "</span><span class=katex-html aria-hidden=true>Q=m</span></span></p>"),
            "so $Q = m$");
  EXPECT_EQ(between("<span class=katex-display><span class=katex><span class=katex-mathml>" + mathml +
                    "</span></span></span>"),
            "$$Q = m$$");
  EXPECT_EQ(between("<p>so <span class=katex><span class=katex-html aria-hidden=true>Q=m</span></span></p>"),
            "so $Q=m$");
  // MathJax 2 and 3.
  EXPECT_EQ(between("<p>so <script type='math/tex'>x_1 < y</script></p>"), "so $x_1 < y$");
  EXPECT_EQ(between("<p>so <span class=MathJax_Preview>p</span><span class=MathJax><span>x1</span></span><script "
                    "type='math/tex'>x_1</script></p>"),
            "so $x_1$");
  EXPECT_EQ(between("<div class=MathJax_Display><span class=MathJax>x</span></div><script type='math/tex; "
                    "mode=display'>x</script>"),
            "$$x$$");
  EXPECT_EQ(between("<p>so <mjx-container class=MathJax><mjx-math "
                    "aria-hidden=true>x</mjx-math><mjx-assistive-mml><math><mi>x</mi></math>"
                    "</mjx-assistive-mml></mjx-container></p>"),
            "so $x$");
  // Wikipedia, with the better copy hidden and an image.
  EXPECT_EQ(between("<p>so <span class=mwe-math-element><span class=mwe-math-mathml-a11y style='display: none'><math "
                    "alttext='{\\displaystyle "
                    "E=mc^{2}}'><mi>E</mi></math></span><img class=mwe-math-fallback-image-inline alt='{\\displaystyle "
                    "E=mc^{2}}'></span></p>"),
            "so $E=mc^{2}$");
  EXPECT_EQ(between("<p>so <img class=latex src='latex.php?latex=x' alt='a+b'> and <img src=cat.png alt='a cat'></p>"),
            "so $a+b$ and");
  EXPECT_EQ(between("<table><tr><th>a</th><th>b</th></tr><tr><td>" + mathml + "</td><td>2</td></tr></table>"),
            "| a | b |\n| --- | --- |\n| Q = m | 2 |");
  EXPECT_EQ(extract_html("<p>so " + mathml + "</p>", {TextFormat::kPlain, true}).text, "so Q = m");
}

TEST(HtmlContent, FormulasOfOtherMakers) {
  EXPECT_EQ(between("<p>so <script type='math/asciimath'>x^2</script></p>"), "so $x^2$");
  EXPECT_EQ(between("<p>so <img class=equation src=a.png alt='\\frac{1}{2}'></p>"), "so $\\frac{1}{2}$");
  EXPECT_EQ(between("<p>so <img class=math-photo src=a.png alt='a board'> it is</p>"), "so it is");
  // Drawn, and said again.
  EXPECT_EQ(between("<p>so <img class=tex alt='a^2'><script type='math/tex'>a^2</script></p>"), "so $a^2$");
  EXPECT_EQ(between("<p>so <img class=tex alt='a^2'> is <img class=tex alt='a^2'></p>"), "so $a^2$ is $a^2$");
}

TEST(HtmlContent, ReadingsStandInParentheses) {
  EXPECT_EQ(between("<p><ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>と<ruby>東<rt>とう</rt>京<rt>きょう</rt></"
                    "ruby>の<ruby><rb>國</rb><rt>국</rt></ruby></p>"),
            "漢字(かんじ)と東(とう)京(きょう)の國(국)");
}

TEST(HtmlContent, FencesNameTheLanguage) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"<pre><code class='language-python hljs'>x</code></pre>", "python"},
      {"<pre class=lang-rust>x</pre>", "rust"},
      {"<div class='highlight highlight-source-c++'><pre>x</pre></div>", "c++"},
      {"<div class='highlight-cpp notranslate'><div class=highlight><pre>x</pre></div></div>", "cpp"},
      {"<pre class='brush: js; gutter: false'>x</pre>", "js"},
      {"<pre class='sourceCode haskell'><code>x</code></pre>", "haskell"},
      {"<pre data-lang=Go>x</pre>", "go"},
      {"<pre class='brush: java; toolbar: false'>x</pre>", "java"},
      {"<pre><code class='hljs cpp'>x</code></pre>", "cpp"},
      {"<pre><code class='python hljs'>x</code></pre>", "python"},
      {"<pre><code class=ruby>x</code></pre>", "ruby"},
      {"<pre class='lang:sql decode:true'>x</pre>", "sql"},
      {"<pre class='src src-elisp'>x</pre>", "elisp"},
      {"<pre class=code data-ke-language=kotlin>x</pre>", "kotlin"},
      {"<div class='mw-highlight mw-highlight-lang-lua'><pre>x</pre></div>", "lua"},
      {"<figure class='highlight perl'><table><tr><td><pre>1\n2</pre></td><td><pre>x</pre></td></tr></table></figure>",
       "perl"},
      {"<pre lang=rust>x</pre>", "rust"},
      {"<pre lang=go>x</pre>", "go"},
      {"<pre lang=ko>x</pre>", ""},
      {"<pre lang=en-GB>x</pre>", ""},
      {"<pre class=prettyprint>x</pre>", ""},
      {"<pre class=language-none>x</pre>", ""},
      {"<pre class='language-<script>'>x</pre>", ""},
      {"<pre>x</pre>", ""}};
  for (const auto& [html, language] : cases) EXPECT_EQ(between(html), "```" + language + "\nx\n```") << html;
  EXPECT_EQ(between("<pre><a href=1>one</a> <a href=2>two</a></pre>"), "```\none two\n```");
  EXPECT_EQ(between("<pre>```\nx\n```</pre>"), "````\n```\nx\n```\n````");
  EXPECT_EQ(between("<table><tr><td><pre>1\n2</pre></td><td><pre>a\nb</pre></td></tr></table>"), "```\na\nb\n```");
}

TEST(HtmlContent, LinesOfAListingMayBeElements) {
  EXPECT_EQ(between("<pre><div class=line>one</div><div class=line>  two</div></pre>"), "```\none\n  two\n```");
  EXPECT_EQ(between("<pre><div>one</div>\n<div>two</div>\n</pre>"), "```\none\ntwo\n```");
  EXPECT_EQ(between("<pre><ol><li>one</li><li>two</li></ol></pre>"), "```\none\ntwo\n```");
  EXPECT_EQ(between("<pre>a<div>b</div>c</pre>"), "```\na\nb\nc\n```");
  EXPECT_EQ(between("<pre><span class=lineno>1 </span>one\n<span class='line-number'>2</span>two</pre>"),
            "```\none\ntwo\n```");
  EXPECT_EQ(between("<pre><span class=lineno>x1</span></pre>"), "```\nx1\n```");
}

TEST(HtmlContent, CodeInALineIsFencedByMoreThanItHolds) {
  EXPECT_EQ(between("<p>so <code>a ` b</code> is</p>"), "so ``a ` b`` is");
  EXPECT_EQ(between("<p>so <code>`a`</code> is</p>"), "so `` `a` `` is");
  EXPECT_EQ(between("<p>so <code></code>is <kbd>Ctrl</kbd></p>"), "so is `Ctrl`");
}

TEST(HtmlContent, OnlyTheFirstParagraphOfAnItemCarriesItsMark) {
  EXPECT_EQ(between("<ul><li><p>one</p><p>more</p></li><li><p>two</p></li></ul>"), "- one\n\nmore\n\n- two");
  EXPECT_EQ(between("<ol><li><div>one</div><div>more</div></li><li>two<p>more</p></li></ol>"),
            "1. one\n\nmore\n\n2. two\n\nmore");
  EXPECT_EQ(between("<ul><li><p>one</p><blockquote><p>said</p></blockquote></li></ul>"), "- one\n\n> said");
  EXPECT_EQ(between("<ol><li>one<ul><li>in</li></ul>tail</li><li>two</li></ol>"), "1. one\n  - in\n\ntail\n\n2. two");
}

TEST(HtmlContent, StepsAreKeptWhateverTheyAreCalled) {
  EXPECT_EQ(between("<ol><li>Sign in</li><li>로그인</li><li>Share</li></ol>"), "1. Sign in\n2. 로그인\n3. Share");
}

TEST(HtmlContent, MergedCellsKeepTheColumns) {
  EXPECT_EQ(between("<table><tr><th rowspan=2>a</th><th colspan=2>b</th></tr><tr><th>c</th><th>d</th></tr>"
                    "<tr><td>1</td><td>2</td><td>3</td></tr></table>"),
            "| a | b |  |\n| --- | --- | --- |\n|  | c | d |\n| 1 | 2 | 3 |");
  EXPECT_EQ(between("<table><tr><th>a</th></tr><tr><td>1</td><td>2</td></tr></table>"),
            "| a |  |\n| --- | --- |\n| 1 | 2 |");
  std::string bomb = "<table><tr><th colspan=99999999 rowspan=99999999>a</th><th>b</th></tr>";
  for (int i = 0; i < 200; ++i) bomb += "<tr><td>1</td></tr>";
  EXPECT_LT(between(bomb + "</table>").size(), 200u * 64 * 4);
}

TEST(HtmlContent, LinesOfPartsBetweenParagraphsAreContent) {
  EXPECT_EQ(between("<p><a href=1>Ladle</a> · <a href=2>Trivet</a> · <a href=3>Strainer</a></p>"),
            "Ladle · Trivet · Strainer");
  EXPECT_EQ(between("<p>Flour | salt | water</p>"), "Flour | salt | water");
  EXPECT_EQ(markdown("<article><p>HOME | PARTS | TEA</p><p>" + kProse + "</p><p>" + kProse + "</p></article>"),
            kProse + "\n\n" + kProse);
}

TEST(HtmlContent, NumbersOfPrintedPagesGo) {
  EXPECT_EQ(between("<p>one <span role=doc-pagebreak>12</span>two <span epub:type=pagebreak>13</span>three</p>"),
            "one two three");
}

TEST(HtmlContent, PermalinksGoAndLinkedHeadingsStay) {
  for (std::string heading : {"Title<a class=headerlink href='#t'>¶</a>", "<a class=anchor href='#t'>#</a>Title",
                              "<a class=headerlink href='#t'>Title</a>", "<a href='/page#t'>Title</a>",
                              "<a class=permalink href=/t>Title</a>"})
    EXPECT_EQ(between("<h2>" + heading + "</h2>"), "## Title") << heading;
}

}  // namespace
}  // namespace malmoi::data
