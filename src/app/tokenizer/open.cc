#include "app/tokenizer/open.h"

#include <optional>

#include "app/store/store.h"

namespace malmoi::app {

Result<tokenizer::Tokenizer> open_tokenizer(const Path& name, tokenizer::Compat compat) {
  if (malmoi::exists(name)) return tokenizer::Tokenizer::load(name, compat);
  MALMOI_ASSIGN(const std::optional<Path> stored, find_in_store(name.string()));
  return tokenizer::Tokenizer::load(stored.value_or(name), compat);
}

}  // namespace malmoi::app
