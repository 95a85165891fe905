// Tests of nn/: published rotary scalings.
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/file.h"
#include "nn/rotary.h"

namespace malmoi::nn {
namespace {

RotaryScaling scaling_of(const std::string& name) {
  if (name == "linear") return RotaryScaling::kLinear;
  if (name == "dynamic") return RotaryScaling::kDynamic;
  if (name == "llama3") return RotaryScaling::kLlama3;
  if (name == "longrope") return RotaryScaling::kLongRope;
  return name == "yarn" ? RotaryScaling::kYarn : RotaryScaling::kDefault;
}

TEST(Rotary, PublishedScalingsAreTheReferences) {
  auto cases = read_json(std::string(MALMOI_TEST_DATA) + "/rotary.json");
  ASSERT_TRUE(cases.ok());
  ASSERT_GE(cases->size(), 12u);
  for (const Json& c : *cases) {
    const Json& s = c["rope_scaling"];
    RotaryConfig config{.rotary_dim = c["head_dim"],
                        .theta = s["rope_theta"],
                        .scaling = scaling_of(s["rope_type"]),
                        .max_position_embeddings = c["max_position_embeddings"]};
    config.short_factor = s.value("short_factor", std::vector<double>());
    config.long_factor = s.value("long_factor", std::vector<double>());
    double length =
        c["max_position_embeddings"];  // over the original one where there is no factor, as configs are read
    config.factor = s.value("factor", length / s.value("original_max_position_embeddings", length));
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

}  // namespace
}  // namespace malmoi::nn
