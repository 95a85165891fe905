#include "grammar/constraint.h"

#include <utility>

#include "grammar/gbnf.h"
#include "grammar/json_schema.h"
#include "grammar/regex.h"

namespace malmoi::grammar {
namespace {

Result<Grammar> regex_grammar(const std::string& text) {
  MALMOI_ASSIGN(const Regex regex, Regex::parse(text));
  return regex.whole_grammar("regex");
}

}  // namespace

Result<Grammar> grammar_of(const chat::Constraint& constraint) {
  switch (constraint.kind) {
    case chat::Constraint::Kind::kJsonObject: return json_object_grammar();
    case chat::Constraint::Kind::kJsonSchema: return parse_json_schema(constraint.text);
    case chat::Constraint::Kind::kRegex: return regex_grammar(constraint.text);
    case chat::Constraint::Kind::kGbnf: return parse_gbnf(constraint.text);
  }
  return internal_error("a constraint of no kind", "grammar");
}

Result<std::shared_ptr<const CompiledGrammar>> compile(const chat::Constraint& constraint,
                                                       std::shared_ptr<const Vocabulary> vocabulary) {
  MALMOI_ASSIGN(const Grammar grammar, grammar_of(constraint));
  return CompiledGrammar::make(grammar, std::move(vocabulary));
}

Result<std::shared_ptr<const CompiledGrammar>> compile(const chat::Constraint& constraint,
                                                       const tokenizer::Tokenizer& tokenizer) {
  return compile(constraint, Vocabulary::make(tokenizer));
}

}  // namespace malmoi::grammar
