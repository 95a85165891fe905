// Rows of texts, one or several packed side by side, of which a mask says what is learned: what conversations become.
#pragma once

#include "train/array_format.h"

namespace malmoi::train {

/// The arrays ids position_ids segment_ids loss_mask. A segment becomes a run that ends before its last target: what stands
/// behind is read for nothing.
ArrayFormat packed_texts();

}  // namespace malmoi::train
