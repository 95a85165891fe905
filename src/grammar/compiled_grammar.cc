#include "grammar/compiled_grammar.h"

#include <utility>

namespace malmoi::grammar {

CompiledGrammar::CompiledGrammar(Automaton automaton, std::shared_ptr<const Vocabulary> vocabulary)
    : automaton_(std::move(automaton)),
      vocabulary_(std::move(vocabulary)),
      beginning_(automaton_),
      cache_(automaton_, *vocabulary_) {}

Result<std::shared_ptr<const CompiledGrammar>> CompiledGrammar::make(const Grammar& grammar,
                                                                     std::shared_ptr<const Vocabulary> vocabulary) {
  MALMOI_ASSIGN(Automaton automaton, Automaton::compile(grammar));
  std::shared_ptr<const CompiledGrammar> made(new CompiledGrammar(std::move(automaton), std::move(vocabulary)));
  MALMOI_TRY(made->beginning().status());
  return made;
}

}  // namespace malmoi::grammar
