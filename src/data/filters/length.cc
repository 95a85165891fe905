// Length of a document in characters.
#include "base/utf8.h"
#include "data/filters/entries.h"
#include "data/filters/filter_common.h"

namespace malmoi::data {
namespace {

class Length final : public LanguageFilter {
 public:
  explicit Length(ConfigReader& settings)
      : LanguageFilter(settings), low_(settings.integer("min", 1, 0)), high_(settings.integer("max", INT64_MAX, 1)) {}

 protected:
  Verdict look(Document& document) const override {
    auto length = static_cast<int64_t>(count_code_points(document.text));
    if (length < low_) return drop("length.short", fmt::format("{} < {}", length, low_));
    if (length > high_) return drop("length.long", fmt::format("{} > {}", length, high_));
    return keep();
  }

 private:
  int64_t low_, high_;
};

}  // namespace

const FilterEntry kLengthFilter = {"length", "at least and at most so many characters", make_simple<Length>};

}  // namespace malmoi::data
