// Masks of tokens at the size of real vocabularies: the time of each token's mask when a grammar is new, and once it is warm.
//
//   MALMOI_BENCH_TOKENIZER=DIR build/bench/bin/grammar_bench
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "grammar/constraint.h"
#include "grammar/matcher.h"

namespace malmoi::grammar {
namespace {

using chat::Constraint;

constexpr const char* kSchema = R"({"type": "object", "properties": {
  "name": {"type": "string"}, "summary": {"type": "string", "maxLength": 300}, "age": {"type": "integer", "minimum": 0, "maximum": 150},
  "tags": {"type": "array", "items": {"enum": ["red", "green", "blue"]}, "maxItems": 3},
  "address": {"type": "object", "properties": {"street": {"type": "string"}, "zip": {"type": "string", "pattern": "^[0-9]{5}$"}}, "required": ["street", "zip"]},
  "scores": {"type": "array", "items": {"type": "number"}}, "any": {}}, "required": ["name", "summary", "age", "tags", "address", "scores", "any"]})";
constexpr const char* kAnswer = R"answer({
  "name": "홍길동 (Hong Gildong)",
  "summary": "The hero of a story that is told as \"The Tale of Hong Gildong\", written in the sixteenth century. 서자로 태어나 의적이 된다.",
  "age": 42,
  "tags": ["red", "blue"],
  "address": {"street": "12, Sejong-daero, Jongno-gu", "zip": "03154"},
  "scores": [1.5, -2, 3e7, 0.25],
  "any": {"nested": [{"x": null}, true, "text with, punctuation: \u00e9"], "more": "end"}
})answer";

// As llama.cpp writes the rules of JSON.
constexpr const char* kJsonGrammar = R"(root ::= object
value ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" ws (string ":" ws value ("," ws string ":" ws value)*)? ws "}"
array ::= "[" ws (value ("," ws value)*)? ws "]"
string ::= "\"" char* "\""
char ::= [^"\\\x00-\x1F] | "\\" escape
escape ::= ["\\/bfnrt] | "u" [0-9a-fA-F]{4}
number ::= "-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]+)? ([eE] [-+]? [0-9]+)?
ws ::= [ \n]*
)";

const tokenizer::Tokenizer* tokenizer_of_run() {
  static const auto tokenizer = [] {
    const char* path = std::getenv("MALMOI_BENCH_TOKENIZER");
    return tokenizer::Tokenizer::load(path ? path : "");
  }();
  return tokenizer.ok() ? &*tokenizer : nullptr;
}

double percentile(std::vector<double> sorted, double share) {
  return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void report(benchmark::State& state, const char* name, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  state.counters[std::string(name) + "_p50_us"] = percentile(times, 0.5);
  state.counters[std::string(name) + "_p99_us"] = percentile(times, 0.99);
  state.counters[std::string(name) + "_max_us"] = times.back();
}

template <typename Work>
double microseconds(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
}

void masks(benchmark::State& state, const Constraint& constraint, const char* answer) {
  const tokenizer::Tokenizer* tokenizer = tokenizer_of_run();
  if (!tokenizer) return state.SkipWithError("MALMOI_BENCH_TOKENIZER names no tokenizer");
  const auto vocabulary = Vocabulary::make(*tokenizer);
  const std::vector<int32_t> ids = tokenizer->encode(answer);
  std::vector<double> cold, warm, accepted, forbidden, compiled;
  std::vector<uint64_t> mask(vocabulary->mask_words());
  std::vector<float> logits(static_cast<size_t>(vocabulary->size()));
  for (auto _ : state) {
    Result<std::shared_ptr<const CompiledGrammar>> grammar = internal_error("not made");
    compiled.push_back(microseconds([&] { grammar = compile(constraint, vocabulary); }));
    if (!grammar.ok()) return state.SkipWithError(grammar.error().to_string().c_str());
    for (std::vector<double>* times : {&cold, &warm}) {
      Matcher matcher(*grammar, {});
      for (int32_t id : ids) {
        times->push_back(microseconds([&] { (void)matcher.allowed(mask); }));
        if (times == &warm) forbidden.push_back(microseconds([&] { (void)matcher.forbid(logits); }));
        bool allowed = false;
        accepted.push_back(microseconds([&] { allowed = matcher.accept(id); }));
        if (!allowed) return state.SkipWithError("the answer is not of the grammar");
      }
    }
  }
  state.counters["vocabulary"] = vocabulary->size();
  state.counters["tokens"] = static_cast<double>(ids.size());
  report(state, "compile", compiled);
  report(state, "cold", cold);
  report(state, "warm", warm);
  report(state, "forbid", forbidden);
  report(state, "accept", accepted);
}

BENCHMARK_CAPTURE(masks, schema, Constraint{Constraint::Kind::kJsonSchema, kSchema}, kAnswer)->Iterations(5);
BENCHMARK_CAPTURE(masks, json_object, Constraint{Constraint::Kind::kJsonObject, ""}, kAnswer)->Iterations(5);
BENCHMARK_CAPTURE(masks, regex, Constraint{Constraint::Kind::kRegex, "([A-Z][a-z]+ ){2,20}[0-9]{4}"},
                  "Alpha Beta Gamma 2026")
    ->Iterations(5);
BENCHMARK_CAPTURE(masks, gbnf_json, Constraint{Constraint::Kind::kGbnf, kJsonGrammar}, kAnswer)->Iterations(5);
BENCHMARK_CAPTURE(masks, gbnf,
                  Constraint{
                      Constraint::Kind::kGbnf,
                      "root ::= sentence (\" \" sentence)*\nsentence ::= word (\" \" word)* \".\"\nword ::= [A-Za-z]+"},
                  "This is a sentence. Here comes another one.")
    ->Iterations(5);

}  // namespace
}  // namespace malmoi::grammar
