// The registry of the components of tokenizer.json: reading one by its "type", and what one has to say to be in a table.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/json/component_type.h"
#include "tokenizer/json/fields.h"

namespace malmoi::tokenizer {

/// By its "type", from the table of `Base`.
template <typename Base>
Result<std::unique_ptr<Base>> read_component(const JsonNode& node, std::string_view type, int depth) {
  for (const ComponentType<Base>* entry : Base::types())
    if (entry->type == type) return entry->read(node, depth);
  return unsupported("unknown " + std::string(Base::kKind) + " " + std::string(type), node.where);
}

template <typename Base>
Result<std::unique_ptr<Base>> read_component(const JsonNode& node, int depth) {
  if constexpr (requires { Base::guessed_type(node); }) {
    MALMOI_ASSIGN(std::string type, node.string_or("type", std::string(Base::guessed_type(node))));
    return read_component<Base>(node, type, depth);
  } else {
    MALMOI_ASSIGN(std::string type, node.string_at("type"));
    return read_component<Base>(node, type, depth);
  }
}

/// From JSON that is already parsed.
template <typename Base>
Result<std::unique_ptr<Base>> component_from_node(const JsonNode& node) {
  return read_component<Base>(node, 0);
}

/// From the JSON of the component, e.g. {"type": "NFC"}. `where` names it in errors.
template <typename Base>
Result<std::unique_ptr<Base>> component_from_json(std::string_view json, std::string_view where) {
  MALMOI_ASSIGN(JsonText text, JsonText::parse(json, std::string(where)));
  return component_from_node<Base>(text.root());
}

/// A component that is its type, `Self::kType`, and its fields, `Self::fields(self, in)` (fields.h). Where it has something to
/// make of these once they are read, it says `Status ready(const JsonNode&)`.
template <typename Self, typename Base>
class Described : public Base {
 public:
  Status write_json(std::string& out) const override {
    return write_fields(out, static_cast<const Self&>(*this), Self::kType);
  }

  static Result<std::unique_ptr<Base>> read(const JsonNode& node, int depth) {
    auto made = std::make_unique<Self>();
    MALMOI_TRY(read_fields(node, *made, depth));
    if constexpr (requires { made->ready(node); }) MALMOI_TRY(made->ready(node));
    return std::unique_ptr<Base>(std::move(made));
  }
};

/// The line of a described component in its table.
template <typename Self, typename Base>
constexpr ComponentType<Base> component_type() {
  return {Self::kType, &Described<Self, Base>::read};
}

/// {"type": "Sequence"}: what every kind of component shares in it.
template <typename Self, typename Base>
class StepSequence : public Described<Self, Base> {
 public:
  static constexpr std::string_view kType = "Sequence";
  static void fields(auto& self, auto& in) { in.steps(Base::kSteps, self.steps_); }

  StepSequence() = default;
  explicit StepSequence(std::vector<std::unique_ptr<Base>> steps) : steps_(std::move(steps)) {}

 protected:
  template <typename Predicate>
  bool any_step(Predicate&& holds) const {
    return std::any_of(steps_.begin(), steps_.end(), [&](const auto& step) { return holds(*step); });
  }

  std::vector<std::unique_ptr<Base>> steps_;
};

}  // namespace malmoi::tokenizer
