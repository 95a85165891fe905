#include "data/readers/office/docx_styles.h"

#include <algorithm>
#include <cstdlib>

#include "base/ascii.h"
#include "data/readers/office/xml.h"

namespace malmoi::data::office {
namespace {

constexpr int kBodyText = 9;  // an outline level that makes no heading
constexpr int kLevels = 9;

int outline(pugi::xml_node properties) {
  pugi::xml_node level = child(properties, "outlineLvl");
  int value = level ? attribute(level, "val").as_int(kBodyText) : kBodyText;
  return value >= 0 && value < kBodyText ? value + 1 : 0;
}

// Names of built-in styles are English whatever the language of the program; Hangul's are its own.
int heading_of_name(const std::string& name) {
  if (name == "title") return 1;
  for (std::string_view prefix : {"heading ", "개요 ", "제목 "})
    if (name.starts_with(prefix)) {
      int level = std::atoi(name.c_str() + prefix.size());
      if (level >= 1 && level <= kLevels) return level;
    }
  return 0;
}

NumberStyle number_style(std::string_view format) {
  struct Named {
    std::string_view name;
    NumberStyle style;
  };
  constexpr Named kNames[] = {{"bullet", NumberStyle::kBullet},
                              {"none", NumberStyle::kNone},
                              {"lowerLetter", NumberStyle::kLowerLetter},
                              {"upperLetter", NumberStyle::kUpperLetter},
                              {"lowerRoman", NumberStyle::kLowerRoman},
                              {"upperRoman", NumberStyle::kUpperRoman},
                              {"decimalEnclosedCircle", NumberStyle::kCircled},
                              {"ganada", NumberStyle::kSyllable},
                              {"chosung", NumberStyle::kJamo},
                              {"koreanDigital", NumberStyle::kKoreanDigit},
                              {"koreanCounting", NumberStyle::kKoreanDigit},
                              {"koreanLegal", NumberStyle::kKoreanDigit},
                              {"ideographDigital", NumberStyle::kIdeograph},
                              {"chineseCounting", NumberStyle::kIdeograph},
                              {"chineseCountingThousand", NumberStyle::kIdeograph},
                              {"japaneseCounting", NumberStyle::kIdeograph},
                              {"taiwaneseCounting", NumberStyle::kIdeograph}};
  for (const Named& named : kNames)
    if (named.name == format) return named.style;
  return NumberStyle::kDecimal;
}

void read_level(pugi::xml_node node, std::vector<ListLevel>& levels) {
  int at = attribute(node, "ilvl").as_int(-1);
  if (at < 0 || at >= kLevels) return;
  levels.resize(std::max(levels.size(), static_cast<size_t>(at) + 1));
  ListLevel& level = levels[static_cast<size_t>(at)];
  level.style = number_style(value(child(node, "numFmt"), "val"));
  std::string_view text = value(child(node, "lvlText"), "val");
  level.text = text.size() <= ListLevel::kLongest ? text : std::string_view();
  level.start = attribute(child(node, "start"), "val").as_int(1);
}

}  // namespace

std::optional<bool> read_switch(pugi::xml_node properties, std::string_view name) {
  pugi::xml_node node = child(properties, name);
  if (!node) return std::nullopt;
  std::string_view said = value(node, "val");
  return said != "0" && said != "false" && said != "off";
}

void DocxStyles::read_styles(pugi::xml_node styles) {
  for (pugi::xml_node node : styles.children()) {
    if (!is(node, "style")) continue;
    DocxStyle style;
    pugi::xml_node paragraph = child(node, "pPr"), numbers = child(paragraph, "numPr");
    std::string name = ascii_lower(value(child(node, "name"), "val"));
    style.based_on = value(child(node, "basedOn"), "val");
    style.heading = outline(paragraph);
    if (style.heading == 0) style.heading = heading_of_name(name);
    style.contents = name.starts_with("toc ");
    style.hidden = read_switch(child(node, "rPr"), "vanish");
    style.list = value(child(numbers, "numId"), "val");
    if (pugi::xml_node level = child(numbers, "ilvl")) style.level = attribute(level, "val").as_int();
    styles_[std::string(value(node, "styleId"))] = std::move(style);
  }
}

void DocxStyles::read_numbering(pugi::xml_node numbering) {
  std::map<std::string, std::vector<ListLevel>> abstracts;
  for (pugi::xml_node node : numbering.children()) {
    if (!is(node, "abstractNum")) continue;
    std::vector<ListLevel>& levels = abstracts[std::string(value(node, "abstractNumId"))];
    for (pugi::xml_node level : node.children())
      if (is(level, "lvl")) read_level(level, levels);
  }
  for (pugi::xml_node node : numbering.children()) {
    if (!is(node, "num")) continue;
    std::string id(value(node, "numId")), abstract(value(child(node, "abstractNumId"), "val"));
    std::vector<ListLevel>& levels = lists_[id] = abstracts[abstract];
    bool restarts = false;
    for (pugi::xml_node change : node.children()) {
      if (!is(change, "lvlOverride")) continue;
      restarts = true;
      if (pugi::xml_node level = child(change, "lvl")) read_level(level, levels);
      auto at = static_cast<size_t>(std::max(attribute(change, "ilvl").as_int(), 0));
      if (pugi::xml_node start = child(change, "startOverride"); start && at < levels.size())
        levels[at].start = attribute(start, "val").as_int(1);
    }
    abstract_[id] = restarts ? "num " + id : "abstract " + abstract;
  }
}

DocxStyle DocxStyles::resolve(std::string_view id) const {
  DocxStyle out;
  constexpr int kLongestChain = 20;
  auto style = styles_.find(id);
  for (int i = 0; i < kLongestChain && style != styles_.end(); ++i, style = styles_.find(style->second.based_on)) {
    if (out.heading == 0) out.heading = style->second.heading;
    out.contents |= style->second.contents;
    if (!out.hidden) out.hidden = style->second.hidden;
    if (!out.level) out.level = style->second.level;
    if (out.list.empty()) out.list = style->second.list;
  }
  return out;
}

const std::vector<ListLevel>* DocxStyles::list(const std::string& id) const {
  auto found = lists_.find(id);
  return found == lists_.end() ? nullptr : &found->second;
}

const std::string& DocxStyles::counted(const std::string& id) const {
  auto found = abstract_.find(id);
  return found == abstract_.end() ? id : found->second;
}

}  // namespace malmoi::data::office
