// The codes of the formats that a workbook names by number alone (ECMA-376 part 1, 18.8.30, with those of Korean).
#include "data/readers/office/number_format.h"

namespace malmoi::data::office {

std::string_view built_in_format(int id) {
  struct Known {
    int id;
    std::string_view code;
  };
  constexpr Known kCodes[] = {{1, "0"},
                              {2, "0.00"},
                              {3, "#,##0"},
                              {4, "#,##0.00"},
                              {9, "0%"},
                              {10, "0.00%"},
                              {14, "yyyy-mm-dd"},
                              {15, "d-mmm-yy"},
                              {16, "d-mmm"},
                              {17, "mmm-yy"},
                              {18, "h:mm AM/PM"},
                              {19, "h:mm:ss AM/PM"},
                              {20, "h:mm"},
                              {21, "h:mm:ss"},
                              {22, "yyyy-mm-dd h:mm"},
                              {27, "yyyy년 mm월 dd일"},
                              {28, "mm-dd"},
                              {29, "mm-dd"},
                              {30, "mm-dd-yy"},
                              {31, "yyyy년 mm월 dd일"},
                              {32, "h시 mm분"},
                              {33, "h시 mm분 ss초"},
                              {34, "yyyy-mm-dd"},
                              {35, "yyyy-mm-dd"},
                              {36, "yyyy년 mm월 dd일"},
                              {37, "#,##0"},
                              {38, "#,##0"},
                              {39, "#,##0.00"},
                              {40, "#,##0.00"},
                              {45, "mm:ss"},
                              {46, "[h]:mm:ss"},
                              {47, "mm:ss"},
                              {50, "yyyy년 mm월 dd일"},
                              {51, "mm-dd"},
                              {52, "yyyy-mm-dd"},
                              {53, "yyyy-mm-dd"},
                              {54, "mm-dd"},
                              {55, "yyyy-mm-dd"},
                              {56, "yyyy-mm-dd"},
                              {57, "yyyy년 mm월 dd일"},
                              {58, "mm-dd"}};
  for (const Known& known : kCodes)
    if (known.id == id) return known.code;
  return {};
}

}  // namespace malmoi::data::office
