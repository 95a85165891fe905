// A tiny model in a folder, for tests of adapters around it.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "base/error.h"
#include "base/test_folder.h"
#include "infer/tiny_model.h"
#include "model/adapt.h"
#include "model/load.h"
#include "model/save.h"

namespace malmoi::app {

class TinyBase : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(model::save_model(*infer::tiny_model(), base()).ok()); }

  Path base() const { return folder_ / "base"; }
  struct Adapted {
    std::unique_ptr<model::Model> model;
    model::Adapted adapted;
  };
  /// The model, opened anew, with an adapter around it.
  Result<Adapted> with_adapter(const Path& adapter) const {
    MALMOI_ASSIGN(auto model, model::load_model(base(), {}));
    MALMOI_ASSIGN(model::Adapted adapted, model::adapt(*model, {&adapter, 1}));
    return Adapted{std::move(model), std::move(adapted)};
  }

  const Path folder_ = test_folder("tiny_base");
};

}  // namespace malmoi::app
