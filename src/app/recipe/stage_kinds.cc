// The table of the kinds of stages: one line each.
#include "app/recipe/kinds/kinds.h"
#include "app/recipe/recipe.h"

namespace malmoi::app {

std::span<const StageKind> stage_kinds() {
  static const StageKind kKinds[] = {
      kinds::kData,  kinds::kPairs,       kinds::kAdditions, kinds::kTokenizer,
      kinds::kTrain, kinds::kPreferences, kinds::kEvaluate,  kinds::kSample,
  };
  return kKinds;
}

}  // namespace malmoi::app
