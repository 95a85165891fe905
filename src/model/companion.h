// A model that is trained beside another and reads its tables: the generator of a discriminator (ELECTRA, Clark et al. 2020).
#pragma once

#include <string_view>

#include "base/error.h"
#include "model/model.h"

namespace malmoi::model {

/// What a companion's folder is called; its parameters are its name, a slash and their published names.
inline constexpr std::string_view kCompanionName = "generator";

/// Gives `model` the companion that its family makes of its config, `size` (above 0, at most 1) times as wide; without memory.
/// Errors: a family that has none, a size that its config cannot take.
Status add_companion(Model& model, double size);

/// Gives `model` a companion of this published config, which fills masked words. Tables by token, position and type that both
/// have under one name in one shape are the model's: the companion reads them and adds to their gradients (section 3.2).
Status attach_companion(Model& model, const Json& config);

/// Points the tables that the companion shares at the model's memory: wherever that has become another.
void share_tables(Model& model);

/// Takes the memory of the companion's own parameters, of the model's type, and draws them from `seed`; those that it shares
/// are the model's, which must have its memory. In a rehearsal nothing is drawn.
void fill_companion(Model& model, Purpose purpose, uint64_t seed);

}  // namespace malmoi::model
