// Tests of nn/: published rotary scalings, layers that are left out.
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/file.h"
#include "nn/blocks.h"
#include "nn/rotary.h"

namespace malmoi::nn {
namespace {

RotaryScaling scaling_of(const std::string& name) {
  if (name == "linear") return RotaryScaling::kLinear;
  if (name == "dynamic") return RotaryScaling::kDynamic;
  if (name == "llama3") return RotaryScaling::kLlama3;
  return name == "yarn" ? RotaryScaling::kYarn : RotaryScaling::kDefault;
}

TEST(Rotary, PublishedScalingsAreTheReferences) {
  auto cases = read_json(std::string(MALMOI_TEST_DATA) + "/rotary.json");
  ASSERT_TRUE(cases.ok());
  ASSERT_GE(cases->size(), 8u);
  for (const Json& c : *cases) {
    const Json& s = c["rope_scaling"];
    RotaryConfig config{.rotary_dim = c["head_dim"],
                        .theta = s["rope_theta"],
                        .scaling = scaling_of(s["rope_type"]),
                        .factor = s["factor"],
                        .max_position_embeddings = c["max_position_embeddings"]};
    config.low_freq_factor = s.value("low_freq_factor", 1.0);
    config.high_freq_factor = s.value("high_freq_factor", 4.0);
    config.original_max_position_embeddings = s.value("original_max_position_embeddings", 0);
    config.beta_fast = s.value("beta_fast", 32.0);
    config.beta_slow = s.value("beta_slow", 1.0);
    config.attention_factor = s.value("attention_factor", 0.0);
    config.mscale = s.value("mscale", 0.0);
    config.mscale_all_dim = s.value("mscale_all_dim", 0.0);
    config.truncate = s.value("truncate", true);
    double factor = 0;
    std::vector<double> mine = Rotary(config).inverse_frequencies(c["length"], factor);
    EXPECT_NEAR(factor, c["attention_factor"].get<double>(), 1e-6) << dump_json(s);
    const Json& want = c["inverse_frequencies"];
    ASSERT_EQ(mine.size(), want.size());
    for (size_t i = 0; i < mine.size(); ++i)
      EXPECT_NEAR(mine[i], want[i].get<double>(), 2e-6 * want[i].get<double>()) << dump_json(s) << " " << i;
  }
}

TEST(LayerDrop, AShareOfLayersIsLeftOutWhileTrainingAlone) {
  Arena arena, rehearsal = Arena::rehearsal();
  autograd::Context context;
  context.arena = &arena;
  context.seed = 3;
  auto dropped = [&](double p) {
    int count = 0;
    for (int i = 0; i < 2000; ++i) count += drops_layer(context, p);
    return count;
  };
  EXPECT_EQ(dropped(0.3), 0) << "nothing is left out of what is measured";
  context.training = true;
  EXPECT_NEAR(dropped(0.3), 600, 80);
  EXPECT_EQ(dropped(0), 0);
  context.random_stream = 7;
  const bool first = drops_layer(context, 0.5);
  context.random_stream = 7;
  EXPECT_EQ(drops_layer(context, 0.5), first) << "draws are counted";
  context.arena = &rehearsal;
  EXPECT_EQ(dropped(0.9), 0) << "memory is planned for all";
}

}  // namespace
}  // namespace malmoi::nn
