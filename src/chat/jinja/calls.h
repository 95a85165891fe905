// How many macros and recursive loops are within each other.
#pragma once

#include "base/error.h"
#include "chat/jinja/interpreter.h"

namespace malmoi::chat::jinja {

class Interpreter::Level {
 public:
  Level(int& level, const Budget& budget) : level_(level), budget_(budget) { ++level_; }
  ~Level() { --level_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;
  Status check() const {
    if (level_ > budget_.limits().calls) return unsupported("the template calls itself without end", "", "let it end");
    return budget_.stack();
  }

 private:
  int& level_;
  const Budget& budget_;
};

}  // namespace malmoi::chat::jinja
