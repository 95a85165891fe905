// One of two modules of rows, for models whose layers differ.
#pragma once

#include <utility>
#include <variant>

#include "autograd/ops.h"

namespace malmoi::nn {

template <typename First, typename Second>
struct Either {
  std::variant<First, Second> module;
  autograd::Var operator()(autograd::Context& context, autograd::Var x) const {
    return std::visit([&](const auto& chosen) { return chosen(context, std::move(x)); }, module);
  }
};

}  // namespace malmoi::nn
