#include "merge/lookup.h"

#include <algorithm>

namespace malmoi::merge {
namespace {

std::optional<double> find_in(const Settings& settings, std::string_view key, std::string_view tensor, double depth) {
  const auto found = settings.find(key);
  return found == settings.end() ? std::nullopt : found->second.value(tensor, depth);
}

bool reads(const Method& method, std::string_view setting) {
  return std::ranges::find(method.settings, setting) != method.settings.end();
}

}  // namespace

std::optional<double> Lookup::find(std::string_view key, std::string_view tensor, const RecipeSource* source) const {
  if (source) {
    if (auto value = find_in(source->settings, key, tensor, depth_)) return value;
  }
  if (auto value = find_in(slice_.settings, key, tensor, depth_)) return value;
  return find_in(recipe_.settings, key, tensor, depth_);
}

Status Lookup::fill(Ingredients& all) const {
  const Method& method = *recipe_.method;
  auto flag = [&](std::string_view key, bool fallback) { return find(key, all.name, nullptr).value_or(fallback) != 0; };
  all.normalize = flag("normalize", method.normalize);
  all.rescale = flag("rescale", method.rescale);
  all.filter_wise = flag("filter_wise", false);
  all.lambda = find("lambda", all.name, nullptr).value_or(1);
  if (!reads(method, "t")) return {};
  const auto t = find("t", all.name, nullptr);
  if (!t)
    return usage_error("no t is given for tensor '" + all.name + "'", recipe_.where,
                       "say parameters: {t: 0.5}, or end a list of filters with a value for all others");
  all.t = *t;
  return {};
}

Result<Input> Lookup::input(const RecipeSource& source, std::string_view tensor, bool is_base) const {
  const Method& method = *recipe_.method;
  Input input;
  input.weight = find("weight", tensor, &source);
  input.scale = find("scale", tensor, &source);
  input.density = find("density", tensor, &source).value_or(input.density);
  input.gamma = find("gamma", tensor, &source).value_or(input.gamma);
  input.epsilon = find("epsilon", tensor, &source).value_or(input.epsilon);
  if (method.needs_weight && !input.weight && (!is_base || method.weighs_base))
    return usage_error("the model '" + source.model + "' has no weight for tensor '" + std::string(tensor) + "'",
                       recipe_.where,
                       is_base ? "leave base_model out, or list it with a weight" : "say parameters: {weight: 0.5}");
  if (input.density < 0) return usage_error("a density below 0 is none", recipe_.where, "give one from 0 to 1");
  return input;
}

Status Lookup::check_inputs(const Ingredients& all) const {
  const Method& method = *recipe_.method;
  const std::string name(method.name);
  if (method.needs_base && !all.base) {
    if (slice_.base.empty() && recipe_.base.empty())
      return usage_error(name + " needs a base_model", recipe_.where, "name the model that the others were made from");
    return usage_error("a slice does not have the base_model among its sources", recipe_.where,
                       "add it, with the layers that the others are compared with");
  }
  if (all.inputs.size() < method.least)
    return usage_error(name + " needs at least " + std::to_string(method.least) + " models" +
                           (method.needs_base ? ", the base among them" : ""),
                       recipe_.where, "list more");
  if (all.inputs.size() > method.most)
    return usage_error(name + " takes " + std::to_string(method.most) + (method.most == 1 ? " model" : " models") +
                           (method.needs_base ? ", the base among them" : ""),
                       recipe_.where, "list fewer, or use another merge_method");
  return {};
}

}  // namespace malmoi::merge
