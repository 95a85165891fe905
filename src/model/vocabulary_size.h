// A model that is in memory, or described, with another number of rows for its tokens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/model.h"

namespace malmoi::model {

/// Whether a parameter's rows are tokens: that of a table of words, or of a head that makes logits of tokens.
bool has_row_for_each_token(const Model& model, const nn::ParameterSet::Entry& entry);

/// Gives the table of words, and a head that makes logits of tokens, so many rows; new ones are means of old ones or zero. Of a model
/// that serves or is frozen, before adapters are put around it; what was packed of them is unpacked. `has_values`: else shapes alone
/// change. Errors, which name `where`: a head with a bias, tables that are shared by encoder and decoder, or a vocabulary that no config
/// field says.
Status resize_vocabulary(Model& model, const Vocabulary& vocabulary, bool has_values, const std::string& where);

}  // namespace malmoi::model
