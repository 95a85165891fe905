#include "autograd/replaced_weight.h"

#include <algorithm>
#include <cassert>

#include "autograd/adapted_values.h"

namespace malmoi::autograd {

ReplacedWeight::ReplacedWeight(std::shared_ptr<const Weight> base, const std::vector<Parameter*>& whole)
    : base_(std::move(base)) {
  parameters_.assign(base_->parameters().begin(), base_->parameters().end());
  for (Parameter* parameter : whole) {
    whole_.push_back(parameter ? std::make_unique<DenseWeight>(*parameter) : nullptr);
    if (parameter) parameters_.push_back(parameter);
  }
}

const Weight& ReplacedWeight::chosen(const Context& context) const {
  const std::span<const int32_t> adapters = context.row_adapters;
  const int32_t adapter = adapted::adapter_of(adapters, 0);
  assert(std::ranges::all_of(adapters, [&](int32_t other) { return other == adapter; }));
  const bool known = adapter >= 0 && adapter < static_cast<int32_t>(whole_.size());
  const DenseWeight* own = known ? whole_[static_cast<size_t>(adapter)].get() : nullptr;
  return own ? static_cast<const Weight&>(*own) : *base_;
}

void ReplacedWeight::product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const {
  chosen(context).product(context, x, y, bias);
}

void ReplacedWeight::product_transposed(Context& context, const Tensor& dy, Tensor& dx, bool accumulate) const {
  chosen(context).product_transposed(context, dy, dx, accumulate);
}

void ReplacedWeight::accumulate_gradient(Context& context, const Tensor& dy, const Tensor& x) const {
  chosen(context).accumulate_gradient(context, dy, x);
}

void ReplacedWeight::gather(Context& context, const RowIds& ids, Tensor& y) const {
  chosen(context).gather(context, ids, y);
}

void ReplacedWeight::accumulate_rows(Context& context, const RowIds& ids, const Tensor& dy, float scale,
                                     const kernels::Dropout& dropout) const {
  chosen(context).accumulate_rows(context, ids, dy, scale, dropout);
}

size_t ReplacedWeight::bytes() const {
  size_t bytes = base_->bytes();
  for (const auto& own : whole_) bytes += own ? own->bytes() : 0;
  return bytes;
}

}  // namespace malmoi::autograd
