// From what a request asks for to a grammar that answers can be held to.
#pragma once

#include <memory>

#include "base/error.h"
#include "chat/constraint.h"
#include "grammar/compiled_grammar.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::grammar {

/// Errors: those of the constraint's front end, with the line, the character or the JSON pointer.
Result<std::shared_ptr<const CompiledGrammar>> compile(const chat::Constraint& constraint,
                                                       std::shared_ptr<const Vocabulary> vocabulary);
/// The same, with a vocabulary of its own: for one constraint. Who compiles many makes the Vocabulary once.
Result<std::shared_ptr<const CompiledGrammar>> compile(const chat::Constraint& constraint,
                                                       const tokenizer::Tokenizer& tokenizer);

/// The grammar of a constraint, not yet compiled.
Result<Grammar> grammar_of(const chat::Constraint& constraint);

}  // namespace malmoi::grammar
