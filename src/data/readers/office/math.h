// Equations of office documents (OMML, ECMA-376 part 1, 22.1) as linear text in the manner of LaTeX.
#pragma once

#include <pugixml.hpp>

#include <string>

namespace malmoi::data::office {

/// `math`: an oMath or oMathPara. "$\frac{a}{b}$"; empty where it holds nothing.
std::string read_math(pugi::xml_node math);

}  // namespace malmoi::data::office
