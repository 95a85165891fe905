// Rotary settings of published configs, in both styles.
#include <algorithm>

#include "model/config_fields.h"

namespace malmoi::model {
namespace {

using nn::RotaryConfig;
using nn::RotaryScaling;

struct ScalingName {
  const char* name;
  RotaryScaling scaling;
};
constexpr ScalingName kScalings[] = {{"default", RotaryScaling::kDefault}, {"linear", RotaryScaling::kLinear},
                                     {"dynamic", RotaryScaling::kDynamic}, {"llama3", RotaryScaling::kLlama3},
                                     {"yarn", RotaryScaling::kYarn},       {"longrope", RotaryScaling::kLongRope},
                                     {"su", RotaryScaling::kLongRope}};  // as the first configs had it

// Smaller ones would make angles that f32 cannot tell apart.
constexpr double kLeastDivisor = 1e-6;

int64_t rotated(int64_t head_dim, double share) { return static_cast<int64_t>(static_cast<double>(head_dim) * share); }

void read_yarn(ConfigReader& rope, RotaryConfig& r) {
  r.beta_fast = rope.number("beta_fast", 32, 0, 1e6);
  r.beta_slow = rope.number("beta_slow", 1, 0, 1e6);
  if (r.beta_fast == 0) r.beta_fast = 32;  // the reference reads 0 as unset
  if (r.beta_slow == 0) r.beta_slow = 1;
  r.attention_factor = rope.number("attention_factor", 0, 0, 1e6);
  r.mscale = rope.number("mscale", 0, 0, 1e6);
  r.mscale_all_dim = rope.number("mscale_all_dim", 0, 0, 1e6);
  r.truncate = rope.boolean("truncate", true);
}

// What holds of a model's settings outside of the object.
struct Outside {
  int64_t head_dim = 0;
  int64_t original_length = 0;  // 0: the object says it
};

// Divisors of the frequencies, one for each pair that is rotated.
std::vector<double> read_divisors(ConfigReader& rope, std::string_view key, int64_t rotary_dim) {
  std::vector<double> divisors = rope.numbers(key);
  if (divisors.size() != static_cast<size_t>(rotary_dim / 2))
    rope.fail(key, "has " + std::to_string(divisors.size()) + " numbers for " + std::to_string(rotary_dim / 2) +
                       " rotated pairs of a head");
  if (!std::ranges::all_of(divisors, [](double d) { return d >= kLeastDivisor; }))
    rope.fail(key, "holds a number that is not positive");
  return divisors;
}

void read_longrope(ConfigReader& rope, RotaryConfig& r, int64_t rotary_dim) {
  r.short_factor = read_divisors(rope, "short_factor", rotary_dim);
  r.long_factor = read_divisors(rope, "long_factor", rotary_dim);
  r.attention_factor = rope.number("attention_factor", 0, 0, 1e6);
  if (r.original_length() < 2)  // its logarithm divides
    rope.fail("original_max_position_embeddings", "must be above 1 for longrope");
}

// One object of settings: `rope_scaling`, `rope_parameters`, or one kind's of the latter.
void read_object(ConfigReader& config, std::string_view key, ConfigReader& rope, const Outside& outside,
                 RotaryConfig& r, double& partial) {
  r.theta = rope.number("rope_theta", r.theta, 1, 1e12);
  partial = rope.number("partial_rotary_factor", partial, 0, 1);
  // Older configs say `type`, newer ones `rope_type`.
  std::string type = rope.text("rope_type", rope.text("type", "default"));
  r.factor = rope.number("factor", 0, 1e-6, 1e6);
  bool factor_given = r.factor > 0;
  if (!factor_given) r.factor = 1;
  r.original_max_position_embeddings = rope.integer("original_max_position_embeddings", 0, 0, int64_t{1} << 30);
  if (outside.original_length > 0) r.original_max_position_embeddings = outside.original_length;
  bool known = false;
  for (const ScalingName& s : kScalings) {
    if (type == s.name) {
      r.scaling = s.scaling;
      known = true;
    }
  }
  if (!known)
    config.fail(key, "the rotary scaling '" + type + "' is not known",
                "use default, linear, dynamic, llama3, yarn or longrope");
  // The first configs of Phi-3 call it so.
  if (r.scaling == RotaryScaling::kYarn && rope.has("short_factor")) r.scaling = RotaryScaling::kLongRope;
  if (r.scaling == RotaryScaling::kLlama3) {
    r.low_freq_factor = rope.number("low_freq_factor", 1, 1e-6, 1e6);
    r.high_freq_factor = rope.number("high_freq_factor", 4, 1e-6, 1e6);
  }
  if (r.scaling == RotaryScaling::kYarn) {
    read_yarn(rope, r);
    if (r.theta <= 1) config.fail("rope_theta", "must be above 1 for yarn");
  }
  if (r.scaling == RotaryScaling::kLongRope) read_longrope(rope, r, rotated(outside.head_dim, partial));
  bool has_lengths = r.scaling == RotaryScaling::kYarn || r.scaling == RotaryScaling::kLongRope;
  if (!factor_given && has_lengths &&
      (r.original_max_position_embeddings > 0 || r.scaling == RotaryScaling::kLongRope)) {
    r.factor = static_cast<double>(r.max_position_embeddings) / static_cast<double>(r.original_length());
    factor_given = true;
  }
  if (known && r.scaling != RotaryScaling::kDefault && !factor_given)
    config.fail(key, "the rotary scaling '" + type + "' has no factor", "add factor");
  if (Status done = rope.finish(); !done.ok()) config.fail(key, done.error().what, done.error().remedy);
}

void set_dim(ConfigReader& config, RotaryConfig& r, int64_t head_dim, double partial) {
  r.rotary_dim = rotated(head_dim, partial);
  if (r.rotary_dim % 2 != 0 || r.rotary_dim == 0)
    config.fail("head_dim",
                "rotary positions need an even, positive number of dimensions, not " + std::to_string(r.rotary_dim));
}

Json object_of(const Json& given, const RotaryConfig& r, double partial, bool say_share) {
  Json rope = given.is_object() ? given : Json{{"rope_type", "default"}};
  if (!rope.contains("rope_type")) rope["rope_type"] = rope.contains("type") ? rope["type"] : Json("default");
  if (r.scaling == RotaryScaling::kLongRope) {
    rope["rope_type"] = "longrope";
    rope.erase("type");
    rope["original_max_position_embeddings"] = r.original_length();
  }
  rope["rope_theta"] = r.theta;
  if (say_share) rope["partial_rotary_factor"] = partial;
  return rope;
}

}  // namespace

nn::RotaryConfig ConfigFields::rotary(int64_t head_dim, int64_t max_positions, double default_theta,
                                      double default_share, int64_t original_length) {
  RotaryConfig r;
  r.max_position_embeddings = max_positions;
  r.theta = reader_->number("rope_theta", default_theta, 1, 1e12);
  double partial = reader_->number("partial_rotary_factor", default_share, 0, 1);
  Json given;
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!reader_->has(key)) continue;
    given = reader_->raw(key);
    ConfigReader rope = reader_->object(key);
    read_object(*reader_, key, rope, {head_dim, original_length}, r, partial);
  }
  bool say_share = partial != 1 || default_share != 1;
  set_dim(*reader_, r, head_dim, partial);
  // Both styles, so that older and newer readers agree.
  publish("rope_theta", r.theta);
  publish("rope_scaling",
          r.scaling == RotaryScaling::kDefault ? Json(nullptr) : object_of(given, r, partial, say_share));
  publish("rope_parameters", object_of(given, r, partial, say_share));
  if (say_share) publish("partial_rotary_factor", partial);
  return r;
}

nn::RotaryConfig ConfigFields::rotary_of(const char* kind, const char* theta_key, double default_theta, bool scaled,
                                         int64_t head_dim, int64_t max_positions) {
  RotaryConfig r;
  r.max_position_embeddings = max_positions;
  r.theta = reader_->number(theta_key, default_theta, 1, 1e12);
  double partial = 1;
  Json given;
  const Json& parameters = reader_->raw("rope_parameters");
  if (parameters.is_object() && parameters.contains(kind) && parameters[kind].is_object()) {
    given = parameters[kind];
    ConfigReader rope(reader_->document(), given, reader_->path_of("rope_parameters") + "." + kind);
    read_object(*reader_, "rope_parameters", rope, {head_dim}, r, partial);
    if (scaled) reader_->raw("rope_scaling");  // the older spelling of the same, beside it
  } else if (scaled && reader_->has("rope_scaling")) {
    given = reader_->raw("rope_scaling");
    ConfigReader rope = reader_->object("rope_scaling");
    read_object(*reader_, "rope_scaling", rope, {head_dim}, r, partial);
  }
  set_dim(*reader_, r, head_dim, partial);
  publish(theta_key, r.theta);
  if (scaled)
    publish("rope_scaling",
            r.scaling == RotaryScaling::kDefault ? Json(nullptr) : object_of(given, r, partial, partial != 1));
  published_["rope_parameters"][kind] = object_of(given, r, partial, partial != 1);
  return r;
}

}  // namespace malmoi::model
