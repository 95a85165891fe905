// What configs of Mamba-2's kin have in common.
#pragma once

#include <utility>

#include "model/config_fields.h"

namespace malmoi::model {

/// `time_step_limit`: [least, most] of a step; what is not a number (infinity, in the ways that files write it) is no limit.
std::pair<double, double> read_time_step_limit(ConfigFields& fields);

}  // namespace malmoi::model
