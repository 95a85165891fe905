// The tokenizers of Opus-MT's Marian models: source.spm and target.spm cut texts, vocab.json gives the pieces their ids.
#pragma once

#include "tokenizer/parts.h"

namespace malmoi::tokenizer {

/// From source.spm, beside which target.spm and vocab.json lie. A text is cut by the source's model; a piece that vocab.json
/// has not is unknown; `</s>` stands behind a text; tokens such as `>>deu<<` name a language. Ids are read back by the target's
/// rules. As the reference does where sacremoses is not installed, punctuation is taken as it stands. Errors: files that are
/// missing; a vocabulary for each side.
Result<Tokenizer> load_marian(const Path& source_spm, Compat compat);

}  // namespace malmoi::tokenizer
