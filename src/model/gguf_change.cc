#include "model/gguf_change.h"

#include <algorithm>
#include <cmath>

namespace malmoi::model {
namespace {

struct ValueChange {
  GgufChange change;
  float (*to_gguf)(float);
  float (*from_gguf)(float);
};
constexpr ValueChange kValueChanges[] = {
    {GgufChange::kPlusOne, [](float w) { return w + 1; }, [](float w) { return w - 1; }},
    {GgufChange::kNegativeExp, [](float w) { return -std::exp(w); }, [](float w) { return std::log(-w); }},
};

std::string with(std::string name, std::string_view part, std::string_view instead) {
  return name.replace(name.rfind(part), part.size(), instead);
}

const ValueChange* find(GgufChange change) {
  const auto* found = std::ranges::find(kValueChanges, change, &ValueChange::change);
  return found == std::end(kValueChanges) ? nullptr : found;
}

}  // namespace

bool changes_values(GgufChange change) { return find(change) != nullptr; }

void change_to_gguf(std::span<float> values, GgufChange change) {
  if (const ValueChange* row = find(change)) std::ranges::transform(values, values.begin(), row->to_gguf);
}

void change_from_gguf(std::span<float> values, GgufChange change) {
  if (const ValueChange* row = find(change)) std::ranges::transform(values, values.begin(), row->from_gguf);
}

std::vector<int64_t> gguf_shape(GgufShape shape, const std::vector<int64_t>& published, int64_t groups) {
  std::vector<int64_t> dims = published;
  if (shape == GgufShape::kSqueezed) std::erase(dims, 1);
  if (shape == GgufShape::kColumn) dims.push_back(1);
  if (shape == GgufShape::kGroups) dims = {groups, published[0] / groups};
  return dims;
}

std::pair<std::string, std::string> gate_apart_names(const std::string& whole) {
  return {with(whole, "ssm_in", "attn_qkv"), with(whole, "ssm_in", "attn_gate")};
}

std::pair<std::string, std::string> LatentKeys::names(const std::string& whole) {
  return {with(whole, "_kv_b", "_k_b"), with(whole, "_kv_b", "_v_b")};
}

// Each head's rows of keys, turned round.
std::vector<float> LatentKeys::keys(std::span<const float> whole) const {
  std::vector<float> turned(static_cast<size_t>(heads * in * key));
  for (int64_t h = 0; h < heads; ++h) {
    const float* from = whole.data() + h * (key + value) * in;
    float* to = turned.data() + h * in * key;
    for (int64_t r = 0; r < key; ++r) {
      for (int64_t c = 0; c < in; ++c) to[c * key + r] = from[r * in + c];
    }
  }
  return turned;
}

std::vector<float> LatentKeys::values(std::span<const float> whole) const {
  std::vector<float> rows;
  rows.reserve(static_cast<size_t>(heads * value * in));
  for (int64_t h = 0; h < heads; ++h) {
    const float* from = whole.data() + (h * (key + value) + key) * in;
    rows.insert(rows.end(), from, from + value * in);
  }
  return rows;
}

std::vector<float> LatentKeys::joined(std::span<const float> keys, std::span<const float> values) const {
  std::vector<float> whole(static_cast<size_t>(heads * (key + value) * in));
  float* to = whole.data();
  for (int64_t h = 0; h < heads; ++h) {
    const float* head = keys.data() + h * in * key;
    for (int64_t r = 0; r < key; ++r) {
      for (int64_t c = 0; c < in; ++c) *to++ = head[c * key + r];
    }
    to = std::copy_n(values.data() + h * value * in, value * in, to);
  }
  return whole;
}

}  // namespace malmoi::model
