// Near duplicates: what is joined, at what cost, and that neither order, memory nor threads decide it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/rng.h"
#include "data/dedup/near.h"
#include "data/dedup/shingle_sets.h"
#include "data/dedup/test_texts.h"

namespace malmoi::data {
namespace {

// A copy with some of its words replaced.
std::string edited(Rng& rng, const std::string& text, double rate) {
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    size_t end = text.find(' ', at) + 1;
    if (rng.uniform() < rate) out += "x" + std::to_string(rng.below(100000)) + " ";
    else out += text.substr(at, end - at);
    at = end;
  }
  return out;
}

Clusters cluster(const std::vector<std::string>& texts, const Scratch& scratch, bool backwards = false,
                 NearOptions options = {}) {
  Sketcher sketcher(options);
  auto deduper = NearDeduper::create(options, scratch);
  EXPECT_TRUE(deduper.ok());
  for (size_t k = 0; k < texts.size(); ++k) {
    size_t i = backwards ? texts.size() - 1 - k : k;
    EXPECT_TRUE(deduper->add(i, sketcher.sketch(texts[i]), static_cast<double>(texts[i].size())).ok());
  }
  auto out = deduper->finish();
  EXPECT_TRUE(out.ok());
  return *std::move(out);
}

TEST(NearDuplicates, AreThoseAboveTheThreshold) {
  Rng rng(11);
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i) {
    texts.push_back(random_text(rng, 120));
    texts.push_back(edited(rng, texts.back(), i % 3 == 0 ? 0.01 : i % 3 == 1 ? 0.04 : 0.15));
  }
  Clusters out = cluster(texts, {});
  Sketcher sketcher(NearOptions{});
  size_t above = 0, found = 0;
  for (size_t i = 0; i < texts.size(); i += 2) {
    auto a = sketcher.sketch(texts[i]).shingles, b = sketcher.sketch(texts[i + 1]).shingles;
    make_set(a);
    make_set(b);
    bool alike = jaccard(a, b) >= 0.7, joined = out.representative[i] == out.representative[i + 1];
    above += alike;
    found += alike && joined;
    EXPECT_FALSE(joined && !alike) << i;
  }
  EXPECT_GT(above, 80u);
  EXPECT_GE(found, above * 995 / 1000);
  EXPECT_EQ(out.clusters, found);
  EXPECT_EQ(out.duplicates, found);
  EXPECT_FALSE(out.samples.empty());
}

void expect_same(const Clusters& a, const Clusters& b) {
  EXPECT_EQ(a.representative, b.representative);
  EXPECT_EQ(a.candidates, b.candidates);
  EXPECT_EQ(a.rejected, b.rejected);
  EXPECT_EQ(a.capped, b.capped);
  ASSERT_EQ(a.samples.size(), b.samples.size());
  for (size_t i = 0; i < a.samples.size(); ++i) {
    EXPECT_EQ(a.samples[i].a, b.samples[i].a);
    EXPECT_EQ(a.samples[i].b, b.samples[i].b);
    EXPECT_EQ(a.samples[i].jaccard, b.samples[i].jaccard);
  }
}

// The result is that of the texts: not of the order they come in, nor of the memory, nor of the threads.
TEST(NearDuplicates, OrderMemoryAndThreadsDoNotMatter) {
  Rng rng(12);
  std::vector<std::string> texts;
  for (int i = 0; i < 2000; ++i)
    texts.push_back(i % 4 == 0 ? random_text(rng, 60)
                               : edited(rng, texts[rng.below(texts.size())], i % 4 == 1 ? 0.1 : 0.02));
  for (int i = 0; i < 6; ++i)  // sets that a small cache cannot hold
    texts.push_back(i % 2 == 0 ? random_text(rng, 9000) : edited(rng, texts.back(), 0.01));
  Clusters all = cluster(texts, {});
  EXPECT_GT(all.duplicates, 500u);
  EXPECT_EQ(all.representative[2001], all.representative[2000]);
  expect_same(cluster(texts, {}, true), all);
  expect_same(cluster(texts, {.folder = {}, .memory_bytes = 1 << 15}), all);
  for (int n : {2, 7}) {
    expect_same(cluster(texts, {}, false, {.workers = n}), all);
    expect_same(cluster(texts, {.folder = {}, .memory_bytes = 1 << 15}, false, {.workers = n}), all);
  }
}

// Copies of one text with few words replaced are one cluster after about as many comparisons as there are copies, though
// copies with many words replaced share their buckets.
TEST(NearDuplicates, AClusterTakesAboutAsManyComparisonsAsItHasMembers) {
  Rng rng(13);
  std::vector<std::string> texts;
  for (int t = 0; t < 10; ++t) {
    std::string text = random_text(rng, 200);
    for (int i = 0; i < 1000; ++i)
      texts.push_back(i % 3 == 0 ? edited(rng, text, 0.12) : std::to_string(i) + " " + text + std::to_string(i));
  }
  Clusters out = cluster(texts, {});
  // Two thirds of each text's copies are alike, all with one another.
  std::set<uint64_t> kept;
  for (size_t i = 0; i < texts.size(); ++i)
    if (i % 1000 % 3 != 0) kept.insert(out.representative[i]);
  EXPECT_EQ(kept.size(), 10u);
  EXPECT_LT(out.candidates, 20 * texts.size());
}

// Each version is alike to its neighbours alone.
TEST(NearDuplicates, VersionsOfATextAreOneCluster) {
  Rng rng(14);
  std::vector<std::string> texts = {random_text(rng, 300)};
  while (texts.size() < 120) texts.push_back(edited(rng, texts.back(), 0.01));
  for (bool shuffled : {false, true}) {
    if (shuffled)
      for (size_t i = texts.size(); i > 1; --i) std::swap(texts[i - 1], texts[rng.below(i)]);
    Clusters out = cluster(texts, {});
    EXPECT_EQ(out.clusters, 1u);
    EXPECT_EQ(out.duplicates, texts.size() - 1);
  }
}

// A bucket of more documents than are compared at a time.
TEST(NearDuplicates, AClusterOfThousandsIsOne) {
  Rng rng(15);
  std::string text = random_text(rng, 150);
  std::vector<std::string> texts;
  for (int i = 0; i < 5000; ++i) texts.push_back(text + "number " + std::to_string(i));
  Clusters out = cluster(texts, {});
  EXPECT_EQ(out.clusters, 1u);
  EXPECT_EQ(out.duplicates, 4999u);
  EXPECT_LT(out.candidates, 3 * texts.size());
}

// Copies that stand more than a thousand documents apart in a bucket of other texts with much in common.
TEST(NearDuplicates, CopiesFarApartInALargeBucketAreFound) {
  Rng rng(18);
  std::string shared = random_text(rng, 60);
  std::vector<std::string> originals, texts;
  for (int i = 0; i < 12; ++i) originals.push_back(shared + random_text(rng, 40));
  // Among every thousand documents one of each text, and many of one; none of the texts is a copy of another.
  for (int block = 0; block < 4; ++block) {
    for (const std::string& original : originals) texts.push_back(original + "part " + std::to_string(block));
    for (int i = 0; i < 1100; ++i) texts.push_back(originals[0] + "number " + std::to_string(block * 1100 + i));
  }
  Clusters out = cluster(texts, {});
  EXPECT_EQ(out.clusters, originals.size());
  EXPECT_EQ(out.duplicates, texts.size() - originals.size());
  EXPECT_LT(out.candidates, 20 * texts.size());
}

// More texts in a bucket than a document is compared with: pairs stay bounded, and the report says that some were not
// compared.
TEST(NearDuplicates, WhatIsNotComparedIsCounted) {
  Rng rng(19);
  std::string shared = random_text(rng, 40);
  std::vector<std::string> texts;
  for (int i = 0; i < 3000; ++i) texts.push_back(shared + random_text(rng, 30));
  NearOptions options;
  Clusters out = cluster(texts, {});
  EXPECT_LE(out.candidates, texts.size() * options.max_comparisons * static_cast<uint64_t>(options.bands));
  EXPECT_GT(out.capped, 0u);
}

TEST(NearDuplicates, TextsWithoutSpaces) {
  const std::map<std::string, std::pair<std::string, std::string>> texts = {
      {"Chinese",
       {"图书馆每周三晚上开放居民们借书互相讲述各自的故事冬天大家围着炉子喝茶听去年夏天的旅行见闻孩子们挑选图画书大人们"
        "读报纸",
        "敲一次钟"}},
      {"Japanese",
       {"図書館は毎週水曜日の夜に開いていて人々は本を借りて互いに物語を語り合い冬にはストーブを囲んでお茶を飲みながら旅"
        "の話を聞く",
        "鐘が鳴る"}},
      {"Thai", {"ห้องสมุดเปิดทุกคืนวันพุธผู้คนยืมหนังสือและเล่าเรื่องให้กันฟังในฤดูหนาวพวกเขานั่งข้างเตาดื่มชาและฟังเรื่องการเดินทาง", "ระฆังดัง"}},
      {"Korean",
       {"도서관은매주수요일밤에문을열고사람들은책을빌리며서로이야기를나누고겨울에는난로옆에앉아차를마시며여행이야기를듣"
        "는다",
        "종이울린다"}}};
  for (const auto& [language, text] : texts) {
    Clusters out = cluster({text.first, text.first + text.second, text.second + text.first}, {});
    EXPECT_EQ(out.duplicates, 2u) << language;
  }
  EXPECT_EQ(cluster({texts.at("Chinese").first, texts.at("Japanese").first}, {}).duplicates, 0u);
}

TEST(NearDuplicates, SortedSets) {
  Rng rng(16);
  for (size_t n : {0u, 1u, 2u, 5u, 100u, 3000u, 300000u})
    for (int skew : {0, 1, 2}) {  // all different, many equal, all in few of the highest bits
      std::vector<uint64_t> hashes(n), out(n);
      for (uint64_t& h : hashes)
        h = skew == 0 ? rng.next_u64() : skew == 1 ? rng.below(1 + n / 10) << 40 : rng.next_u64() >> 30;
      out.resize(sorted_set(hashes, out.data()));
      make_set(hashes);
      EXPECT_EQ(out, hashes) << n << " " << skew;
    }
}

TEST(NearDuplicates, JaccardFromAThresholdIsExactFromThere) {
  Rng rng(17);
  for (int round = 0; round < 3000; ++round) {
    std::vector<uint64_t> a, b;
    uint64_t sizes[2] = {rng.below(120), rng.below(120)}, range = 1 + rng.below(200);
    for (uint64_t i = 0; i < sizes[0]; ++i) a.push_back(rng.below(range));
    for (uint64_t i = 0; i < sizes[1]; ++i) b.push_back(rng.below(range));
    if (rng.below(2) == 0) b = a, b.resize(b.size() - std::min<size_t>(b.size(), rng.below(9)));
    make_set(a), make_set(b);
    double exact = jaccard(a, b);
    for (double threshold : {0.1, 0.5, 0.7, 0.85, 1.0, exact})
      if (threshold > 0) {
        EXPECT_EQ(jaccard_from(a, b, threshold), exact >= threshold ? exact : 0) << threshold;
      }
  }
}

TEST(NearDuplicates, TheBestStandsForItsCluster) {
  std::vector<std::string> texts = {"a b c d e f g h i j k l m n o p q r s t u v w x y z", "unrelated",
                                    "A b c d e f g h i j k l m n o p q r s t u v w x y z and", ""};
  Clusters out = cluster(texts, {});
  EXPECT_EQ(out.representative, (std::vector<uint64_t>{2, 1, 2, 3}));
  EXPECT_EQ(out.documents, 4u);
}

TEST(NearDuplicates, ManyCopiesOfFewTextsAreCheap) {
  std::vector<std::string> texts;
  for (int i = 0; i < 20000; ++i) texts.push_back("the same text again and again " + std::to_string(i % 3));
  Clusters out = cluster(texts, {});
  EXPECT_EQ(out.clusters, 3u);
  EXPECT_LT(out.candidates, 100u);
}

TEST(NearDuplicates, OptionsForAThreshold) {
  for (double t : {0.5, 0.6, 0.7, 0.8, 0.9, 1.0}) {
    NearOptions o = near_options(t);
    EXPECT_TRUE(check_options(o).ok());
    EXPECT_LE(o.bands * o.rows, 112);
  }
  EXPECT_EQ(near_options(0.7).rows, 4);
  EXPECT_EQ(near_options(0.8, 3).ngram, 3);
  EXPECT_FALSE(check_options({.threshold = 0}).ok());
  EXPECT_FALSE(check_options({.threshold = 0.7, .ngram = 0}).ok());
}

TEST(NearDuplicates, AScratchFolderThatCannotBeIsAnError) {
  auto deduper = NearDeduper::create({}, {.folder = "/proc/nowhere"});
  ASSERT_FALSE(deduper.ok());
  EXPECT_FALSE(deduper.error().to_string().empty());
}

}  // namespace
}  // namespace malmoi::data
