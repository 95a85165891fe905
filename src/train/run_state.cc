#include "train/run_state.h"

#include <cmath>

#include "base/config.h"

namespace malmoi::train {
namespace {

// More steps than any run has: their product with the sequences of a step still fits 64 bits.
constexpr int64_t kMostSteps = int64_t{1} << 40;

Json loss_json(double loss) { return std::isfinite(loss) ? Json(loss) : Json(nullptr); }

// Absent: there was none yet; null: it was not finite.
std::optional<double> read_loss(ConfigReader& reader, const Json& json, const char* key) {
  if (!json.contains(key)) return {};
  return reader.number(key, NAN);
}

}  // namespace

Json to_json(const RunState& state) {
  Json json = {{"step", state.step},
               {"updates", state.updates},
               {"bad_evaluations", state.bad_evaluations},
               {"bad_steps", state.bad_steps},
               {"skipped_steps", state.skipped_steps},
               {"best_step", state.best_step},
               {"best_valid_loss", state.best_valid_loss},
               {"best_metric", state.best_metric},
               {"best_score", state.best_score},
               {"stopped_early", state.stopped_early}};
  json["data"] = {{"epoch", state.epoch}, {"offset", state.offset}};
  json["spike_watch"] = {
      {"steps", state.spikes.steps}, {"loss", state.spikes.loss}, {"grad_norm", state.spikes.grad_norm}};
  if (state.last_loss) json["last_loss"] = loss_json(*state.last_loss);
  if (state.last_valid_loss) json["last_valid_loss"] = loss_json(*state.last_valid_loss);
  return json;
}

Result<RunState> read_run_state(const Json& json, const std::string& file) {
  const char* remedy = "remove its folder: the checkpoint before it is used then";
  if (!json.is_object()) return invalid_data("is not a JSON object", file, remedy);
  ConfigDocument document;
  document.file = file;
  ConfigReader reader(document, json, "");
  RunState state;
  state.step = reader.integer("step", -1, 0, kMostSteps);
  if (!reader.has("step")) reader.fail("step", "is missing");
  auto count = [&](const char* key) { return reader.integer(key, 0, 0, kMostSteps); };
  state.updates = count("updates");
  state.bad_evaluations = count("bad_evaluations");
  state.bad_steps = count("bad_steps");
  state.skipped_steps = count("skipped_steps");
  state.best_step = reader.integer("best_step", -1, -1, kMostSteps);
  state.best_valid_loss = reader.number("best_valid_loss", 0);
  state.best_metric = reader.text("best_metric", "loss");
  state.best_score = reader.number("best_score", state.best_valid_loss);
  state.stopped_early = reader.boolean("stopped_early", false);
  state.last_loss = read_loss(reader, json, "last_loss");
  state.last_valid_loss = read_loss(reader, json, "last_valid_loss");
  if (const Json& data = reader.raw("data"); data.is_object()) {
    ConfigReader place(document, data, "data");
    state.epoch = place.integer("epoch", 0, 0, kMostSteps);
    state.offset = place.integer("offset", 0, 0, kMostSteps);
    if (Status read = place.finish(); !read.ok()) return invalid_data(read.error().what, read.error().where, remedy);
  }
  if (const Json& spikes = reader.raw("spike_watch"); spikes.is_object()) {
    ConfigReader watch(document, spikes, "spike_watch");
    state.spikes.steps = watch.integer("steps", 0, 0, kMostSteps);
    state.spikes.loss = watch.number("loss", 0);
    state.spikes.grad_norm = watch.number("grad_norm", 0);
    if (Status read = watch.finish(); !read.ok()) return invalid_data(read.error().what, read.error().where, remedy);
  } else if (!spikes.is_null()) {
    reader.fail("spike_watch", "an object was expected");
  }
  for (const auto& [key, value] : json.items()) reader.raw(key);  // of those who keep it
  if (Status read = reader.finish(); !read.ok()) return invalid_data(read.error().what, read.error().where, remedy);
  return state;
}

}  // namespace malmoi::train
