// The vocabulary inside a tokenizer.json, as work on vocabularies sees it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace malmoi::reshape {

struct TokenTable {
  std::string type;                                         // BPE, Unigram, WordPiece, WordLevel
  std::vector<std::string> pieces;                          // of the model, by id; empty: there is none of this id
  std::vector<double> scores;                               // of Unigram
  std::vector<std::pair<std::string, std::string>> merges;  // of BPE, the most important first
};
/// Errors: a model of another type, entries that are none, an id beyond what any model has.
Result<TokenTable> read_tokens(const Json& tokenizer, const std::string& where);

/// Whether its pieces are spelled in the byte alphabet: some component says so.
bool is_byte_level(const Json& tokenizer);

/// Calls visit(id) for every id that stands outside of the model's vocabulary: added tokens, those that are put around texts, padding;
/// `visit` may change it.
template <typename Visit>
void visit_outer_ids(Json& tokenizer, const Visit& visit);

/// Ids in configs: of fields whose names end with token_id or token_ids, and lists of tokens that are suppressed or bad; also in
/// objects within. `visit` may change them.
template <typename Visit>
void visit_config_ids(Json& config, const Visit& visit);

// -- Implementation --------------------------------------------------------------------------------------------------------------

/// Every whole number in a value, however deep.
template <typename Visit>
void visit_numbers(Json& value, const Visit& visit) {
  if (value.is_number_integer()) visit(value);
  else if (value.is_array())
    for (Json& element : value) visit_numbers(element, visit);
}

template <typename Visit>
void visit_post_processor(Json& processor, const Visit& visit) {
  if (!processor.is_object()) return;
  for (const char* key : {"sep", "cls"}) {
    if (processor.contains(key)) visit_numbers(processor[key], visit);
  }
  if (processor.contains("special_tokens") && processor["special_tokens"].is_object()) {
    for (auto& [name, token] : processor["special_tokens"].items()) {
      if (token.is_object() && token.contains("ids")) visit_numbers(token["ids"], visit);
    }
  }
  if (processor.contains("processors") && processor["processors"].is_array()) {
    for (Json& one : processor["processors"]) visit_post_processor(one, visit);
  }
}

template <typename Visit>
void visit_outer_ids(Json& tokenizer, const Visit& visit) {
  if (tokenizer.contains("added_tokens") && tokenizer["added_tokens"].is_array()) {
    for (Json& token : tokenizer["added_tokens"]) {
      if (token.is_object() && token.contains("id")) visit_numbers(token["id"], visit);
    }
  }
  if (tokenizer.contains("post_processor")) visit_post_processor(tokenizer["post_processor"], visit);
  if (tokenizer.contains("padding") && tokenizer["padding"].is_object() && tokenizer["padding"].contains("pad_id"))
    visit_numbers(tokenizer["padding"]["pad_id"], visit);
}

bool is_id_field(std::string_view name);

template <typename Visit>
void visit_config_ids(Json& config, const Visit& visit) {
  if (!config.is_object()) return;
  for (auto& [name, value] : config.items()) {
    if (value.is_object()) visit_config_ids(value, visit);
    else if (is_id_field(name)) visit_numbers(value, visit);
  }
}

}  // namespace malmoi::reshape
