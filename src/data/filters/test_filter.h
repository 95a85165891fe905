// For tests of filters: one made from its settings and applied, and prose that all of them keep.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/config.h"
#include "data/filter.h"
#include "base/test_folder.h"

namespace malmoi::data {

inline Path temporary(const std::string& name) {
  static const Path folder = test_folder("filters");
  return folder / name;
}

inline Result<std::unique_ptr<Filter>> make(const std::string& name, const std::string& yaml = "{}",
                                            const FilterContext& context = {}) {
  auto document = parse_config(yaml, "test.yaml");
  EXPECT_TRUE(document.ok());
  ConfigReader reader(*document);
  return make_filter(name, reader, context);
}

struct Outcome {
  Verdict verdict;
  std::string text, language;
};

inline Outcome run(const std::string& name, const std::string& text, const std::string& yaml = "{}",
                   const std::string& language = "") {
  auto filter = make(name, yaml);
  if (!filter.ok()) {
    ADD_FAILURE() << filter.error().to_string();
    return {};
  }
  Document document{.text = text, .language = language};
  Verdict verdict = (*filter)->apply(document);
  return {verdict, document.text, document.language};
}

inline std::string times(const std::string& piece, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += piece;
  return out;
}

// Prose with every word different enough, in lines that end as sentences do.
inline std::string english() {
  return "The river rose in the night and carried the old bridge away from the village, so that the people who lived "
         "to the "
         "west of it could not reach the market.\nThey built a raft of pine logs with ropes that had been kept in the "
         "barn since "
         "the war, and crossed to the other side one family at a time.\nIt took them nearly a week to bring the cattle "
         "over, and "
         "many of the animals refused to step on the wet timber.\nWhen the engineers finally came from the capital, "
         "they found "
         "a ferry running by the hour, with a bell, a timetable, and a boy who sold tickets.\n\"We have no need of a "
         "bridge,\" "
         "said the mayor, \"but we would be glad of a better rope.\"\n";
}

inline std::string korean() {
  return "밤사이 강물이 불어나 마을의 오래된 다리가 떠내려갔기 때문에 서쪽에 사는 사람들은 시장에 갈 수 없게 "
         "되었다.\n그들은 전쟁 이후로 "
         "헛간에 보관해 둔 밧줄과 소나무 통나무로 뗏목을 만들어 한 번에 한 가족씩 건너편으로 건너갔다.\n소를 모두 "
         "옮기는 데에는 거의 "
         "일주일이 걸렸고 많은 짐승이 젖은 나무 위로 발을 내딛기를 거부했다.\n마침내 수도에서 기술자들이 왔을 때 "
         "그들은 종과 시간표와 표를 "
         "파는 소년까지 갖춘 나룻배가 매시간 다니는 것을 보았다.\n촌장은 다리는 필요 없지만 더 좋은 밧줄이 있으면 "
         "기쁘겠다고 말했다.\n그 뒤로도 사람들은 "
         "봄이 오면 강가에 모여 지난 홍수를 이야기하며 아이들에게 헤엄치는 법을 가르쳤다.\n";
}

}  // namespace malmoi::data
