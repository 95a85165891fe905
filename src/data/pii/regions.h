// Names of Korean provinces, cities, counties and districts, by which an address is told from other text.
#pragma once

#include <string_view>

namespace malmoi::data {

/// 서울, 서울시, 서울특별시, 경기, 경기도 ...: the first part of an address.
bool is_province(std::u32string_view token);
/// A city, county or district by its full name: 춘천시, 양평군, 마포구.
bool is_district(std::u32string_view token);

}  // namespace malmoi::data
