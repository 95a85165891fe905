// The language of chat templates: what each rule of it writes, its errors with their places, its limits, its tables.
// Expected texts are those of jinja2 3.1.6 as transformers 5 sets it up.
#include "chat/jinja/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "chat/jinja/filters/filters.h"
#include "chat/jinja/globals.h"
#include "chat/jinja/methods.h"
#include "chat/jinja/tests.h"

namespace malmoi::chat::jinja {
namespace {

using testing::HasSubstr;

Result<Rendered> render(std::string_view source, const Json& variables = Json::object(), const Limits& limits = {}) {
  MALMOI_ASSIGN(Template made, Template::parse(source, "t"));
  MALMOI_ASSIGN(Run::Moment now, parse_moment("2025-07-06T09:05:03"));
  return made.render(variables, now, limits);
}

std::string text(std::string_view source, const Json& variables = Json::object()) {
  auto made = render(source, variables);
  return made.ok() ? made->text : "ERROR " + made.error().to_string();
}

struct Case {
  const char* source;
  const char* expected;
};

class Language : public testing::TestWithParam<Case> {};

TEST_P(Language, WritesWhatJinjaWrites) {
  const Json variables = {{"i", 7},
                          {"s", "Hello World"},
                          {"ko", "한국어"},
                          {"l", {3, 1, 2}},
                          {"n", nullptr},
                          {"d", {{"b", 1}, {"items", 2}}},
                          {"rows", {{{"n", "b"}, {"v", 2}}, {{"n", "A"}, {"v", 1}}}}};
  EXPECT_EQ(text(GetParam().source, variables), GetParam().expected);
}

constexpr Case kCases[] = {
    // white space
    {"A\n  {% if true %}\n  B\n\t{% endif %}\nC", "A\n  B\nC"},
    {"A \n {%- if true -%} \n B \n {%- endif -%} \n C", "ABC"},
    {"a\n  {%+ if true +%}\nb{% endif %}\n", "a\n  \nb"},
    {"a{# b #}\nc\r\nd\n\n", "ac\nd\n"},
    {"{% raw %}{{ x {% }}{% endraw %}|", "{{ x {% }}|"},
    // literals
    {"{{ 'a\\n\\x41\\u00e9\\d' ~ \"it's\" 'x' }}", "a\nAé\\dit'sx"},
    {"{{ 1_000 }} {{ 0x1f }} {{ 1e16 }} {{ 2.5e-5 }} {{ -0.0 }} {{ 2 ** 100 }}",
     "1000 31 1e+16 2.5e-05 -0.0 1267650600228229401496703205376"},
    {"{{ [1, 'a', none, true, 1.0, (1,), {'k': \"it's\"}] }}", "[1, 'a', None, True, 1.0, (1,), {'k': \"it's\"}]"},
    // operators
    {"{{ 7 // -2 }} {{ -7 % 3 }} {{ -7.5 % 2 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ 7 / 2 }}", "-4 2 0.5 64 4 3.5"},
    {"{{ 1 < 2 < 3 }} {{ 1 == 1.0 }} {{ [1] == (1,) }} {{ 'b' in s }} {{ 2 not in l }} {{ 'z' in nope }}",
     "True True False False False False"},
    {"{{ [1, [2, 3]] < [1, [2, 4]] }} {{ [none] < [none, 1] }} {{ [2] >= [1] }} {{ 'b' <= 'a' }} {{ 1.0 > 1 }}",
     "True True True False False"},
    {"{{ 4 in range(0, 9, 2) }} {{ 3 in range(0, 9, 2) }} {{ 4.0 in range(9, 0, -5) }} {{ 0 in range(9, 0, -3) }}",
     "True False True False"},
    {"{{ {'a': [1], 'b': 2}.items() == {'b': 2, 'a': [1]}.items() }} {{ {'a': 1}.keys() == {'b': 1}.keys() }}",
     "True False"},
    {"{{ 0 or 'x' }}{{ '' and 1 }}{{ not none }}{{ 1 if false }}{{ 1 if 0 else 2 }}", "xTrue2"},
    {"{{ 1 ~ none ~ [1] }}{{ 'ab' * 2 }}{{ [1] + [2] }}", "1None[1]abab[1, 2]"},
    {"{{ ko[1:] }}{{ ko[::-1] }}{{ ko[-1] }}{{ l[:2] }}{{ l[9] }}{{ range(5)[1:3] | list }}",
     "국어어국한어[3, 1][1, 2]"},
    {"{{ d.items is callable }}{{ d['items'] }}{{ d.b }}{{ d.x is defined }}{{ d.get('x', 5) }}", "True21False5"},
    // statements
    {"{% set x = 1 %}{% for y in [1, 2] %}{{ x }}{% set x = 9 %}{{ x }}{% endfor %}{{ x }}", "19191"},
    {"{% for x in l if x != 1 %}{{ loop.index }}{{ loop.length }}{{ loop.last }}{{ x }} {% else %}none{% endfor %}",
     "12False3 22True2 "},
    {"{% for x in [] %}{% else %}none{% endfor %}{% for k, v in d.items() %}{{ k }}{{ v }}{% endfor %}",
     "noneb1items2"},
    {"{% for x in range(9) %}{% if x == 1 %}{% continue %}{% endif %}{% if x > 2 %}{% break %}{% endif %}{{ x }}{% "
     "endfor %}",
     "02"},
    {"{% for x in [[1, [2]], [3]] recursive %}{{ loop(x) if x is iterable else x }}{{ loop.depth }}{% endfor %}",
     "122321321"},
    {"{% for x in 'aab' %}{{ loop.changed(x) }}{{ loop.cycle(1, 2) }}{{ loop.previtem }}|{% endfor %}",
     "True1|False2a|True1a|"},
    {"{% set ns = namespace(a=1) %}{% for x in l %}{% set ns.a = ns.a + x %}{% endfor %}{{ ns.a }}{{ ns }}",
     "7<Namespace {'a': 7}>"},
    {"{% macro m(a, b=a) %}{{ a }}{{ b }}{{ kwargs }}{{ varargs }}{% endmacro %}{{ m(1) }}{{ m(1, 2, 3, z=4) }}{{ "
     "m.name }}",
     "11{}()12{'z': 4}(3,)m"},
    {"{% macro w() %}<{{ caller('x') }}>{% endmacro %}{% call(v) w() %}{{ v }}y{% endcall %}", "<xy>"},
    {"{% set t | upper %}a{{ 'b' }}{% endset %}{{ t }}{% filter replace('a', 'c') %}aa{% endfilter %}", "ABcc"},
    {"{% with x = 7, y = 8 %}{{ x }}{{ y }}{% endwith %}{{ x is defined }}", "78False"},
    // a name that the template sets is not the request's before that, where Jinja's compiler says so
    {"{% macro m() %}{{ i }}|{% endmacro %}{{ m() }}{% set i = 1 %}{{ m() }}", "|1|"},
    // filters, tests, methods
    {"{{ rows | map(attribute='n') | join(',') }}{{ rows | sort(attribute='n') | map(attribute='v') | list }}",
     "b,A[1, 2]"},
    {"{{ rows | selectattr('v', 'gt', 1) | list | length }}{{ [1, 1, 2] | unique | list }}{{ l | sort(reverse=true) }}",
     "1[1, 2][3, 2, 1]"},
    {"{{ {'a': [1.0, none], 'é': '<\"'} | tojson }}{{ [1, {}] | tojson(indent=1) }}",
     "{\"a\": [1.0, null], \"é\": \"<\\\"\"}[\n 1,\n {}\n]"},
    {"{{ 'a\nb' | indent }}|{{ 'abcdefgh' | truncate(5, true, '.', 0) }}|{{ 'x' | default('d') }}{{ nope | "
     "default('d') }}",
     "a\n    b|abcd.|xd"},
    {"{{ 2.5 | round }} {{ 2.567 | round(2) }} {{ '3.9' | int }} {{ 'x' | int(4) }} {{ '1.5' | float }}",
     "2.0 2.57 3 4 1.5"},
    {"{{ 4 is divisibleby 2 }}{{ 1 is true }}{{ true is number }}{{ {} is sequence }}{{ nope is iterable }}",
     "TrueFalseTrueTrueTrue"},
    {"{{ ' a '.strip() }}{{ 'a,b'.split(',') }}{{ 'abc'.find('c') }}{{ 'straße'.upper() }}{{ 'ΣΑΣ'.lower() }}",
     "a['a', 'b']2STRASSEσας"},
    {"{{ '%s-%05.1f' % ('a', 2.25) }} {{ '{:>4}|{0}'.format('x') if false else '{:>4}|{a}'.format('x', a=1) }}",
     "a-002.2    x|1"},
    {"{{ '{!a:>4}|%a|%r'.format('é') % ('한', '한') }}", "'\\xe9'|'\\ud55c'|'한'"},
    {"{{ ('é\x7f' ~ '\u2028😀\n') | tojson }} {{ 'é\x7f😀\n' | tojson(ensure_ascii=true) }}",
     "\"é\x7f\u2028😀\\n\" \"\\u00e9\\u007f\\ud83d\\ude00\\n\""},
    {"{{ '한국어 글자 입니다' | truncate(9, false, '.', 0) }}|{{ '한국어' | truncate(2, true, '', 0) }}|{{ '%.2s' % ko "
     "}}",
     "한국어 글자.|한국|한국"},
    {"{{ '<b>' | e }}{{ '<b>' | safe + '<' }}", "&lt;b&gt;<b>&lt;"},
    {"{{ strftime_now('%d %B %Y %H:%M, %A') }}", "06 July 2025 09:05, Sunday"},
    {"{{ ''.__class__ }}{{ [].append is defined }}", "False"},
};
INSTANTIATE_TEST_SUITE_P(Rules, Language, testing::ValuesIn(kCases));

TEST(Template, ErrorsSayWhatAndWhere) {
  EXPECT_THAT(text("a\n{{ 1 + }}"), HasSubstr("t, line 2, column 8"));
  EXPECT_THAT(text("한 {{ 'a' + 1 }}"), HasSubstr("t, line 1, column 10"));
  EXPECT_THAT(text("{% for x in 5 %}{% endfor %}"), HasSubstr("column 13"));
  for (const char* source : {"{{ nope.x }}",
                             "{{ nope() }}",
                             "{{ 'a' | nosuch }}",
                             "{{ 'a' is nosuch }}",
                             "{% nosuch %}",
                             "{% if 1 %}",
                             "{{ 'b }}",
                             "{# a",
                             "{% break %}",
                             "{% set d.x.y = 1 %}",
                             "{{ raise_exception('stop') }}",
                             "{{ [].append(1) }}",
                             "{{ l[1:].pop() }}",
                             "{% include 'x' %}",
                             "{{ namespace(_x=1) }}",
                             "{{ 1 // 0 }}",
                             "{% for a, b in [[1]] %}{% endfor %}",
                             "{{ range(100001) }}",
                             "{{ none[1:] }}",
                             "{{ nope | tojson }}",
                             "{{ 2 ** 200 }}"}) {
    auto made = render(source);
    ASSERT_FALSE(made.ok()) << source;
    EXPECT_THAT(made.error().where, HasSubstr("line 1, column")) << source;
    EXPECT_FALSE(made.error().remedy.empty()) << source;
  }
  EXPECT_TRUE(render("{% if false %}{{ raise_exception('stop') }}{{ 1 | nosuch }}{% endif %}").ok());
}

TEST(Template, NoTemplateRunsWithoutEnd) {
  const std::string deep(100000, '[');
  for (const std::string& source : std::vector<std::string>{
           "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{% for x in l recursive %}{{ loop(l) }}{% endfor %}",
           "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
           "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
           "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
           "{% set ns = namespace(s=[]) %}{% for i in range(9999) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}",
           "{% set ns = namespace(s=[]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
           "{% set ns = namespace(s=(), t=()) %}{% for i in range(60) %}{% set ns.s = (ns.s, ns.s) %}{% set ns.t = "
           "(ns.t, "
           "ns.t) %}{% endfor %}{{ ns.s == ns.t }}",
           "{% set ns = namespace(s=()) %}{% for i in range(20) %}{% set ns.s = (ns.s, ns.s) %}{% endfor %}{% for i in "
           "range(9999) %}{{ {ns.s: 1} | length }}{% endfor %}",
           "{{ ('a' * 1000000).find('a' * 500000 ~ 'b') }}", "{{ ('a' * 1000000).strip('b' * 500000 ~ 'a') }}",
           "{{ 'a' * 100000000000 }}", "{{ '%99999999999d' % 1 }}", "{{ 'x'.ljust(100000000000) }}",
           "{{ '{:>99999999999}'.format(1) }}", "{{ ('a' * 1000000).replace('a', 'b' * 1000000) }}", "{{ " + deep,
           "{{ " + std::string(100000, '-') + "1 }}", "{{ 1" + std::string(100000, '+') + "1 }}"})
    EXPECT_FALSE(render(source, {{"l", {1}}}, {.steps = 500'000, .memory = size_t{16} << 20}).ok())
        << source.substr(0, 80);
  EXPECT_FALSE(render("{% for x in range(100) %}{{ x }}{% endfor %}", {}, {.steps = 50}).ok());
  EXPECT_EQ(text("{% macro f(n) %}{{ n }}{% if n %},{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(30) }}").size(), 82u);
}

// What holds itself is freed at the end; the sanitizer's build sees what is not.
TEST(Template, ValuesThatHoldThemselvesAreFreed) {
  EXPECT_FALSE(render("{% set ns = namespace() %}{% set ns.a = [ns] %}{{ ns }}").ok());
  EXPECT_TRUE(
      render("{% set ns = namespace() %}{% for x in [1] %}{% set ns.l = loop %}{% set ns.c = loop.cycle %}{% endfor %}")
          .ok());
  EXPECT_TRUE(render("{% set ns = namespace(n=0) %}{% for i in range(30000) %}{% set p = ns.n %}{% macro m() %}{{ p }}"
                     "{% endmacro %}{% set ns.n = m %}{% endfor %}")
                  .ok());
  EXPECT_TRUE(
      render("{% set ns = namespace(n=0) %}{% for i in range(30000) %}{% set ns.n = namespace(p=ns.n) %}{% endfor %}")
          .ok());
}

TEST(Template, SpansAreWhatGenerationBlocksWrote) {
  auto made = render(
      "é{% generation %}ab{% endgeneration %}c{% for x in [1, 2] %}{% generation %}{{ x }}{% endgeneration %}.{% "
      "endfor %}");
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->text, "éabc1.2.");
  using Span = std::pair<size_t, size_t>;
  EXPECT_THAT(made->spans, testing::ElementsAre(Span(2, 4), Span(5, 6), Span(7, 8)));
}

// Every entry has a name of its own, and answers arguments that it does not take with an error, never with an end.
TEST(Tables, EveryEntryIsCallable) {
  std::set<std::string_view> names;
  for (const FilterEntry& entry : filter_table()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_EQ(find_filter(entry.name), &entry);
    for (const char* value : {"none", "1", "1.5", "'a b'", "[1, 2]", "{'a': 1}", "(1,)", "nope", "range(3)", "loop"}) {
      const std::string name(entry.name);
      for (const char* args : {"", "(1)", "('a')", "(1, 2, 3, 4, 5, 6)", "(nosuch=1)"})
        static_cast<void>(render("{{ " + std::string(value) + " | " + name + args + " }}"));
    }
    EXPECT_FALSE(render("{{ [1] | " + std::string(entry.name) + "(1, 2, 3, 4, 5, 6, nosuch=1) | list }}").ok())
        << entry.name;
  }
  for (const TestEntry& entry : test_table()) {
    EXPECT_EQ(find_test(entry.name), &entry);
    if (entry.name[0] < 'a') continue;  // `==` ... are reached by select()
    for (const char* args : {"", "(1)", "('a', 2, 3)", "(nosuch=1)"})
      static_cast<void>(render("{{ 1 is " + std::string(entry.name) + args + " }}"));
  }
  for (const MethodEntry& entry : method_table()) {
    constexpr const char* kReceivers[] = {"'a b'", "[1, 2]", "(1, 2)", "{'a': 1}", "7", "7.5", "range(3)"};
    const std::string call =
        "(" + std::string(kReceivers[static_cast<size_t>(entry.receiver)]) + ")." + std::string(entry.name);
    for (const char* args : {"()", "(1)", "('a')", "('a', 1, 2)", "([1])", "(none, none)", "(nosuch=1)"}) {
      auto made = render("{{ " + call + args + " }}");
      EXPECT_TRUE(entry.function || !made.ok()) << call;
    }
  }
  for (const GlobalEntry& entry : global_table())
    EXPECT_EQ(text("{{ " + std::string(entry.name) + " is callable }}"), "True");
}

TEST(Moment, ReadsIsoDatesAlone) {
  EXPECT_TRUE(parse_moment("2024-02-29").ok());
  EXPECT_TRUE(parse_moment("2025-07-26 09:05").ok());
  EXPECT_TRUE(parse_moment("2025-07-26T09:05:03.25").ok());
  for (const char* wrong :
       {"soon", "", "2025-02-29", "2025-13-01", "2025-07-26T25:00", "2025-07-26T", "2025-07-26T09:05:03x"})
    EXPECT_FALSE(parse_moment(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace malmoi::chat::jinja
