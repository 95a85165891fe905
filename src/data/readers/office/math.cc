#include "data/readers/office/math.h"

#include <map>
#include <vector>

#include "data/readers/office/blocks.h"
#include "data/readers/office/xml.h"

namespace malmoi::data::office {
namespace {

std::string read(pugi::xml_node node, int depth);

// The arguments (e, num, den, sub ...) of a structure in their order.
struct Arguments {
  pugi::xml_node node;
  int depth;
  std::string operator[](std::string_view name) const { return read(child(node, name), depth + 1); }
  std::string braced(std::string_view name) const { return "{" + (*this)[name] + "}"; }
  std::vector<std::string> all(std::string_view name) const {
    std::vector<std::string> out;
    for (pugi::xml_node part : node.children())
      if (is(part, name)) out.push_back(read(part, depth + 1));
    return out;
  }
};

std::string joined(const std::vector<std::string>& parts, const char* separator) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) (out += i ? separator : "") += parts[i];
  return out;
}

// A property of a structure: <m:naryPr><m:chr m:val="∑"/></m:naryPr>.
std::string property(pugi::xml_node node, std::string_view group, std::string_view name, const char* otherwise) {
  pugi::xml_attribute found = attribute(child(child(node, group), name), "val");
  return found ? found.value() : otherwise;
}

std::string nary(pugi::xml_node node, const Arguments& arguments) {
  static const std::map<std::string, std::string> kNames = {{"∑", "\\sum"},    {"∏", "\\prod"},  {"∫", "\\int"},
                                                            {"∬", "\\iint"},   {"∭", "\\iiint"}, {"∮", "\\oint"},
                                                            {"⋃", "\\bigcup"}, {"⋂", "\\bigcap"}};
  std::string sign = property(node, "naryPr", "chr", "∫");
  auto named = kNames.find(sign);
  std::string out = named == kNames.end() ? sign : named->second;
  if (std::string low = arguments["sub"]; !low.empty()) out += "_{" + low + "}";
  if (std::string high = arguments["sup"]; !high.empty()) out += "^{" + high + "}";
  return out + " " + arguments["e"];
}

std::string root(const Arguments& arguments) {
  std::string degree = arguments["deg"];
  return degree.empty() ? "\\sqrt" + arguments.braced("e") : "\\sqrt[" + degree + "]" + arguments.braced("e");
}

std::string accent(pugi::xml_node node, const Arguments& arguments) {
  static const std::map<std::string, std::string> kNames = {
      {"\u0302", "\\hat"}, {"\u0303", "\\tilde"}, {"\u0304", "\\bar"}, {"\u0305", "\\overline"},
      {"\u0307", "\\dot"}, {"\u0308", "\\ddot"},  {"\u20D7", "\\vec"}};
  auto named = kNames.find(property(node, "accPr", "chr", "\u0302"));
  return (named == kNames.end() ? "\\hat" : named->second) + arguments.braced("e");
}

std::string delimited(pugi::xml_node node, const Arguments& arguments) {
  std::string separator = property(node, "dPr", "sepChr", "|");
  return property(node, "dPr", "begChr", "(") + joined(arguments.all("e"), separator.c_str()) +
         property(node, "dPr", "endChr", ")");
}

std::string matrix(pugi::xml_node node, int depth) {
  std::vector<std::string> rows;
  for (pugi::xml_node row : node.children())
    if (is(row, "mr")) rows.push_back(joined(Arguments{row, depth + 1}.all("e"), " & "));
  return "\\begin{matrix} " + joined(rows, " \\\\ ") + " \\end{matrix}";
}

std::string structure(pugi::xml_node node, int depth) {
  Arguments arguments{node, depth};
  std::string_view name = local_name(node);
  if (name == "f") return "\\frac" + arguments.braced("num") + arguments.braced("den");
  if (name == "sSup") return arguments["e"] + "^" + arguments.braced("sup");
  if (name == "sSub") return arguments["e"] + "_" + arguments.braced("sub");
  if (name == "sSubSup") return arguments["e"] + "_" + arguments.braced("sub") + "^" + arguments.braced("sup");
  if (name == "sPre") return "_" + arguments.braced("sub") + "^" + arguments.braced("sup") + arguments["e"];
  if (name == "rad") return root(arguments);
  if (name == "nary") return nary(node, arguments);
  if (name == "d") return delimited(node, arguments);
  if (name == "func") return arguments["fName"] + " " + arguments["e"];
  if (name == "limLow") return arguments["e"] + "_" + arguments.braced("lim");
  if (name == "limUpp") return arguments["e"] + "^" + arguments.braced("lim");
  if (name == "acc") return accent(node, arguments);
  if (name == "bar") return "\\overline" + arguments.braced("e");
  if (name == "m") return matrix(node, depth);
  if (name == "eqArr") return joined(arguments.all("e"), " \\\\ ");
  if (name == "t") return all_text(node);
  if (name.ends_with("Pr") || name == "del" || name == "moveFrom") return {};
  return read(node, depth + 1);
}

std::string read(pugi::xml_node node, int depth) {
  std::string out;
  if (depth > kMaxDepth) return out;
  for (pugi::xml_node part : node.children()) out += structure(part, depth);
  return out;
}

}  // namespace

std::string read_math(pugi::xml_node math) {
  std::string text = trimmed(read(math, 0));
  return text.empty() ? text : "$" + text + "$";
}

}  // namespace malmoi::data::office
