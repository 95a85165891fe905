#include "app/use/id_array.h"

#include <fmt/format.h>

#include "formats/npy.h"

namespace malmoi::app {

std::vector<int32_t> IdArray::row(int64_t b) const {
  std::vector<int32_t> out;
  for (int64_t t : kept[static_cast<size_t>(b)]) out.push_back(ids[static_cast<size_t>(b * cols + t)]);
  return out;
}

Result<IdArray> read_ids(const Path& ids, const std::optional<Path>& mask, int64_t vocab_size) {
  MALMOI_ASSIGN(formats::NpyArray array, formats::NpyArray::open(ids));
  if (array.shape().size() != 2 || array.shape()[0] == 0 || array.shape()[1] == 0)
    return invalid_data("has shape " + formats::shape_text(array.shape()), ids.string(),
                        "give i32 ids of shape [B, T]");
  IdArray out;
  out.rows = array.shape()[0];
  out.cols = array.shape()[1];
  MALMOI_ASSIGN(out.ids, array.values<int32_t>());
  std::vector<int32_t> counts(out.ids.size(), 1);
  if (mask) {
    MALMOI_ASSIGN(formats::NpyArray mask_array, formats::NpyArray::open(*mask));
    if (mask_array.shape() != array.shape())
      return invalid_data("has another shape than the ids", mask->string(), "give a mask of shape [B, T]");
    MALMOI_ASSIGN(counts, mask_array.values<int32_t>());
  }
  out.kept.resize(static_cast<size_t>(out.rows));
  for (size_t i = 0; i < out.ids.size(); ++i) {
    if (!counts[i]) continue;
    if (out.ids[i] < 0 || out.ids[i] >= vocab_size)
      return invalid_data(fmt::format("id {} at [{}, {}] is outside the vocabulary of {}", out.ids[i],
                                      i / static_cast<size_t>(out.cols), i % static_cast<size_t>(out.cols), vocab_size),
                          ids.string(), "use the ids of the model's own tokenizer");
    out.kept[i / static_cast<size_t>(out.cols)].push_back(static_cast<int64_t>(i % static_cast<size_t>(out.cols)));
  }
  for (size_t b = 0; b < out.kept.size(); ++b) {
    if (out.kept[b].empty())
      return invalid_data(fmt::format("row {} is all padding", b), mask ? mask->string() : ids.string());
  }
  return out;
}

}  // namespace malmoi::app
