#include "data/pii/regions.h"

#include <algorithm>
#include <array>

#include "data/pii/words.h"

namespace malmoi::data {
namespace {

using View = std::u32string_view;

constexpr std::array<View, 5> kCityEndings = {U"", U"시", U"특별시", U"광역시", U"특별자치시"};
constexpr std::array<View, 3> kProvinceEndings = {U"", U"도", U"특별자치도"};

struct Regions {
  FoldedWords metropolitan{PiiFile::kRegions, "metropolitan cities"};
  FoldedWords provinces{PiiFile::kRegions, "provinces"};
  FoldedWords cities{PiiFile::kRegions, "cities"};
  FoldedWords counties{PiiFile::kRegions, "counties"};
  FoldedWords districts{PiiFile::kRegions, "districts"};
};

const Regions& regions() {
  static const Regions kRegions;
  return kRegions;
}

bool is_stem_of(View token, const FoldedWords& stems, char32_t ending) {
  return token.size() >= 2 && token.back() == ending && stems.has(token.substr(0, token.size() - 1));
}

template <size_t M>
bool is_with_ending(View token, const FoldedWords& stems, const std::array<View, M>& endings) {
  return std::any_of(endings.begin(), endings.end(), [&](View ending) {
    return token.ends_with(ending) && stems.has(token.substr(0, token.size() - ending.size()));
  });
}

}  // namespace

bool is_province(View token) {
  return is_with_ending(token, regions().metropolitan, kCityEndings) ||
         is_with_ending(token, regions().provinces, kProvinceEndings);
}

bool is_district(View token) {
  return is_stem_of(token, regions().cities, U'시') || is_stem_of(token, regions().counties, U'군') ||
         is_stem_of(token, regions().districts, U'구');
}

}  // namespace malmoi::data
