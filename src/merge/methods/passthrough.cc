// One model's tensors as they are, or times `scale`: what puts layers of several models behind one another.
#include "merge/method.h"
#include "merge/sums.h"

namespace malmoi::merge::passthrough {

static Result<std::vector<float>> merge(Ingredients& all) {
  Input& only = all.inputs[0];
  if (only.scale) scale_all(only.values, static_cast<float>(*only.scale));
  return std::move(only.values);
}

extern const Method method{.name = "passthrough", .settings = {"scale"}, .most = 1, .merge = merge};

}  // namespace malmoi::merge::passthrough
