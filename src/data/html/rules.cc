#include "data/html/rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <unordered_map>
#include <vector>

#include "base/utf8.h"

namespace malmoi::data::html {
namespace {

constexpr std::string_view kStrongNames[] = {"nav",
                                             "navi",
                                             "navbar",
                                             "navigation",
                                             "menu",
                                             "menubar",
                                             "gnb",
                                             "lnb",
                                             "snb",
                                             "fnb",
                                             "tnb",
                                             "topmenu",
                                             "submenu",
                                             "sitemap",
                                             "breadcrumb",
                                             "breadcrumbs",
                                             "crumb",
                                             "crumbs",
                                             "footer",
                                             "foot",
                                             "footnav",
                                             "colophon",
                                             "copyright",
                                             "sidebar",
                                             "aside",
                                             "leftside",
                                             "rightside",
                                             "leftmenu",
                                             "rightmenu",
                                             "quickmenu",
                                             "lside",
                                             "rside",
                                             "ad",
                                             "ads",
                                             "adv",
                                             "advert",
                                             "advertisement",
                                             "advertising",
                                             "adsense",
                                             "adbox",
                                             "adarea",
                                             "banner",
                                             "banners",
                                             "sponsor",
                                             "sponsored",
                                             "promo",
                                             "promotion",
                                             "share",
                                             "sharing",
                                             "sharebar",
                                             "sns",
                                             "social",
                                             "addthis",
                                             "related",
                                             "relatedtopics",
                                             "relatedposts",
                                             "relate",
                                             "recommend",
                                             "recommended",
                                             "recommendation",
                                             "recommendations",
                                             "suggested",
                                             "comment",
                                             "comments",
                                             "commentlist",
                                             "cmt",
                                             "reply",
                                             "replies",
                                             "disqus",
                                             "respond",
                                             "cookie",
                                             "cookies",
                                             "consent",
                                             "gdpr",
                                             "popup",
                                             "modal",
                                             "overlay",
                                             "toast",
                                             "newsletter",
                                             "subscribe",
                                             "subscription",
                                             "signup",
                                             "login",
                                             "signin",
                                             "pagination",
                                             "pager",
                                             "paging",
                                             "paginate",
                                             "paginator",
                                             "pagenav",
                                             "prevnext",
                                             "byline",
                                             "dateline",
                                             "timestamp",
                                             "pubdate",
                                             "postmeta",
                                             "toc",
                                             "headerlink",
                                             "permalink",
                                             "anchorjs",
                                             "editsection",
                                             "navbox",
                                             "catlinks",
                                             "toolbar",
                                             "toolbox",
                                             "donate",
                                             "donation",
                                             "paywall",
                                             "trending",
                                             "ranking",
                                             "noprint",
                                             "masthead",
                                             "topbar",
                                             "searchbox",
                                             "searchform",
                                             "jump",
                                             "skip",
                                             "skiplink",
                                             "floating",
                                             "admonitionlink",
                                             "share-buttons",
                                             "follow",
                                             "outbrain",
                                             "taboola",
                                             "dable",
                                             "upsell",
                                             "cta",
                                             "backlink"};

constexpr std::string_view kWeakNames[] = {
    "side",    "header",  "head",    "top",      "bottom",     "best",    "hot",      "latest",   "recent",
    "popular", "more",    "rank",    "page",     "pages",      "meta",    "metadata", "info",     "author",
    "writer",  "profile", "date",    "time",     "regdate",    "hit",     "hits",     "views",    "viewcount",
    "tags",    "tag",     "taglist", "category", "categories", "btn",     "btns",     "button",   "buttons",
    "tool",    "tools",   "util",    "utility",  "fontsize",   "print",   "scrap",    "widget",   "plugin",
    "prev",    "next",    "search",  "form",     "links",      "link",    "list",     "location", "path",
    "legal",   "policy",  "terms",   "credit",   "quick",      "family",  "logo",     "vote",     "like",
    "likes",   "rating",  "file",    "files",    "attach",     "product", "products", "goods",    "event",
    "edit",    "similar", "bio",     "stats",    "counter",    "visitor", "company",  "contact",  "cart"};

constexpr std::string_view kHiddenNames[] = {"sronly", "visuallyhidden", "screenreader", "screenreadertext",
                                             "blind",  "hidden",         "offscreen",    "invisible",
                                             "hide",   "printonly",      "ahidden"};

constexpr std::string_view kContentNames[] = {
    "content",  "contents",      "article",  "articlebody", "entry",       "post",   "body",
    "main",     "text",          "story",    "view",        "viewcontent", "board",  "detail",
    "document", "documentation", "markdown", "wiki",        "prose",       "answer", "question"};

// Lines of people who write pages, not of what they write about; matched at the beginning of short lines.
constexpr std::string_view kLineStarts[] = {"share this",
                                            "share on",
                                            "share:",
                                            "share",
                                            "tags:",
                                            "tagged",
                                            "filed under",
                                            "posted in",
                                            "posted on",
                                            "posted by",
                                            "published on",
                                            "published:",
                                            "published by",
                                            "last updated",
                                            "last modified",
                                            "updated:",
                                            "updated on",
                                            "copyright",
                                            "©",
                                            "ⓒ",
                                            "(c) ",
                                            "all rights reserved",
                                            "read more",
                                            "continue reading",
                                            "click here",
                                            "subscribe",
                                            "sign up",
                                            "sign in",
                                            "log in",
                                            "follow us",
                                            "advertisement",
                                            "sponsored",
                                            "skip to",
                                            "back to top",
                                            "back to",
                                            "you may also like",
                                            "more from",
                                            "previous",
                                            "next",
                                            "prev",
                                            "home >",
                                            "home /",
                                            "home ›",
                                            "home »",
                                            "you are here",
                                            "print this",
                                            "email this",
                                            "loading",
                                            "please enable javascript",
                                            "we use cookies",
                                            "this site uses cookies",
                                            "this website uses",
                                            "built with",
                                            "powered by",
                                            "leave a comment",
                                            "leave a reply",
                                            "view all",
                                            "see all",
                                            "terms of",
                                            "privacy policy",
                                            "by using this site",
                                            "edit this page",
                                            "was this page helpful",
                                            "was this helpful",
                                            "add to cart",
                                            "join our",
                                            "follow ",
                                            "estimated reading",
                                            "reading time",
                                            "홈 >",
                                            "홈 ›",
                                            "홈>",
                                            "home>",
                                            "입력 ",
                                            "입력:",
                                            "수정 ",
                                            "수정:",
                                            "등록 ",
                                            "최종수정",
                                            "기사입력",
                                            "기사등록",
                                            "승인 ",
                                            "작성일",
                                            "작성자",
                                            "글쓴이",
                                            "등록일",
                                            "게시일",
                                            "조회",
                                            "추천 ",
                                            "댓글",
                                            "관련기사",
                                            "관련 기사",
                                            "관련글",
                                            "관련 글",
                                            "많이 본",
                                            "추천 기사",
                                            "추천기사",
                                            "추천 상품",
                                            "추천상품",
                                            "인기 글",
                                            "인기글",
                                            "인기 기사",
                                            "이전글",
                                            "다음글",
                                            "이전 글",
                                            "다음 글",
                                            "이전 ",
                                            "◁",
                                            "▷",
                                            "◀",
                                            "▶",
                                            "☞",
                                            "목록",
                                            "[목록]",
                                            "공유하기",
                                            "공유",
                                            "인쇄",
                                            "스크랩",
                                            "글자 크기",
                                            "글자크기",
                                            "글씨 크기",
                                            "글꼴 크기",
                                            "맨 위로",
                                            "맨위로",
                                            "위로",
                                            "더보기",
                                            "더 보기",
                                            "자세히 보기",
                                            "광고",
                                            "[광고]",
                                            "무단 전재",
                                            "무단전재",
                                            "저작권자",
                                            "저작권",
                                            "이용약관",
                                            "개인정보",
                                            "구독",
                                            "로그인",
                                            "회원가입",
                                            "검색어를 입력",
                                            "첨부파일",
                                            "첨부 :",
                                            "태그",
                                            "카테고리",
                                            "분류:",
                                            "이 홈페이지는",
                                            "본 사이트는",
                                            "본 홈페이지",
                                            "고객센터",
                                            "사업자등록번호",
                                            "사업자 등록번호",
                                            "통신판매업",
                                            "상호:",
                                            "상호 :",
                                            "대표이사",
                                            "대표:",
                                            "발행인",
                                            "주소:",
                                            "주소 :",
                                            "전화:",
                                            "팩스:",
                                            "오늘 ",
                                            "전체 방문",
                                            "방문자",
                                            "페이스북",
                                            "트위터",
                                            "카카오톡",
                                            "url 복사",
                                            "링크 복사",
                                            "신고하기",
                                            "본문 바로가기",
                                            "메뉴 바로가기",
                                            "뉴스레터",
                                            "이메일 구독",
                                            "제보",
                                            "기사제보",
                                            "좋아요",
                                            "장바구니",
                                            "번역 :",
                                            "출처 바로가기"};

constexpr std::string_view kLineParts[] = {
    "무단 전재",          "무단전재",         "재배포 금지",       "재배포금지",     "all rights reserved",
    "이메일무단수집거부", "개인정보처리방침", "개인정보 처리방침", "이용약관",       "청소년보호정책",
    "terms of use",       "terms of service", "privacy policy",    "사업자등록번호", "통신판매업"};

// Whole sentences about the site itself.
constexpr std::string_view kSiteSentences[] = {"이 홈페이지는",      "본 홈페이지",       "본 사이트",
                                               "이 사이트는",        "저희 사이트",       "we use cookies",
                                               "this site uses",     "this website uses", "please enable javascript",
                                               "javascript",         "your browser",      "by using this site",
                                               "본 콘텐츠의 저작권", "이 기사의 저작권",  "모든 저작권",
                                               "저작권자",           "copyright"};

constexpr std::string_view kCuttingHeadings[] = {
    "댓글",        "덧글",         "답글",           "한줄평",           "comment",         "leave a",
    "related",     "관련 기사",    "관련기사",       "관련 글",          "관련글",          "관련 뉴스",
    "관련 주제",   "관련 상품",    "함께 보면",      "함께 본",          "함께 읽",         "많이 본",
    "많이 읽",     "인기 기사",    "인기 글",        "인기글",           "추천 기사",       "추천 글",
    "추천 상품",   "추천 콘텐츠",  "이 기사를",      "이 글과",          "최신 글",         "최신글",
    "최근 글",     "최신 기사",    "주요 뉴스",      "you may also",     "you might also",  "recommended",
    "more from",   "more stories", "more articles",  "recent posts",     "recent articles", "popular posts",
    "most read",   "most popular", "trending",       "share this",       "share",           "about the author",
    "글쓴이 소개", "newsletter",   "subscribe",      "responses",        "replies",         "공유하기",
    "이전글",      "다음글",       "customers also", "similar products", "similar"};

constexpr std::string_view kTitleLabels[] = {"제목", "글제목", "제 목", "title", "subject"};
constexpr std::string_view kOtherLabels[] = {
    "글쓴이",   "작성자", "작성일", "작성일자", "등록일",   "등록자",   "등록일자", "날짜",   "조회",
    "조회수",   "추천",   "추천수", "첨부",     "첨부파일", "파일",     "이름",     "번호",   "부서",
    "담당부서", "담당자", "연락처", "전화번호", "이메일",   "홈페이지", "분류",     "author", "writer",
    "date",     "name",   "views",  "hits",     "posted",   "from",     "file",     "files",  "category",
    "글번호",   "수정일", "게시일", "ip",       "공개여부", "출처"};

template <size_t N>
bool starts_with_any(std::string_view text, const std::string_view (&list)[N]) {
  return std::any_of(std::begin(list), std::end(list), [&](std::string_view start) { return text.starts_with(start); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// "postMeta sr-only" -> post, meta, sr, only; and srOnly joined with its neighbour as one word too.
template <typename Visit>
void for_each_word(std::string_view attribute, const Visit& visit) {
  std::string word, whole;
  auto end_word = [&] {
    if (!word.empty()) visit(word);
    word.clear();
  };
  auto end_name = [&] {
    end_word();
    if (!whole.empty()) visit(whole);
    whole.clear();
  };
  char previous = 0;
  for (char c : attribute) {
    auto u = static_cast<unsigned char>(c);
    if (std::isspace(u)) {
      end_name();
    } else if (!std::isalnum(u) && u < 0x80) {
      end_word();
    } else {
      if (std::isupper(u) && std::islower(static_cast<unsigned char>(previous))) end_word();
      if (std::isdigit(u)) {
        end_word();
      } else {
        word += static_cast<char>(std::tolower(u));
        whole += static_cast<char>(std::tolower(u));
      }
    }
    previous = c;
  }
  end_name();
}

const std::unordered_map<std::string_view, NameHint>& names() {
  static const auto* table = [] {
    auto* map = new std::unordered_map<std::string_view, NameHint>;
    for (std::string_view name : kWeakNames) (*map)[name] = NameHint::kWeak;
    for (std::string_view name : kStrongNames) (*map)[name] = NameHint::kStrong;
    for (std::string_view name : kHiddenNames) (*map)[name] = NameHint::kHidden;
    return map;
  }();
  return *table;
}

bool has_date(std::string_view text) {
  // 2024.03.02, 2024-3-2, 2024년 3월, 12:34; or a month's name beside a year.
  for (size_t i = 0; i + 6 < text.size(); ++i) {
    if ((text[i] != '1' && text[i] != '2') || (i > 0 && std::isdigit(static_cast<unsigned char>(text[i - 1]))))
      continue;
    if (!std::all_of(text.begin() + static_cast<long>(i), text.begin() + static_cast<long>(i) + 4,
                     [](char c) { return std::isdigit(static_cast<unsigned char>(c)); }))
      continue;
    size_t j = i + 4;
    if (text.substr(j).starts_with("년")) return true;
    if (text[j] != '.' && text[j] != '-' && text[j] != '/') continue;
    while (++j < text.size() && text[j] == ' ') {
    }
    if (j < text.size() && std::isdigit(static_cast<unsigned char>(text[j]))) return true;
  }
  std::string low = lower(text);
  constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                          "jul", "aug", "sep", "oct", "nov", "dec"};
  for (std::string_view month : kMonths) {
    size_t at = low.find(month);
    if (at == std::string::npos || (at > 0 && std::isalpha(static_cast<unsigned char>(low[at - 1])))) continue;
    if (low.find("20", at) != std::string::npos || low.find("19", at) != std::string::npos) return true;
  }
  return false;
}

size_t count_separators(std::string_view text) {
  size_t count = 0;
  for (std::string_view separator : {"|", "·", " > ", "›", "»", " / ", "ㅣ", "•"})
    for (size_t at = text.find(separator); at != std::string::npos; at = text.find(separator, at + separator.size()))
      ++count;
  return count;
}

}  // namespace

NameHint name_hint(std::string_view attribute) {
  NameHint hint = NameHint::kNone;
  for_each_word(attribute, [&](const std::string& word) {
    auto found = names().find(word);
    if (found != names().end()) hint = std::max(hint, found->second);
  });
  return hint;
}

bool names_content(std::string_view attribute) {
  bool found = false;
  for_each_word(attribute, [&](const std::string& word) {
    found = found || std::find(std::begin(kContentNames), std::end(kContentNames), word) != std::end(kContentNames);
  });
  return found;
}

bool is_boilerplate_line(std::string_view text, size_t width) {
  if (width > 220) return false;
  std::string low = lower(text);
  if (std::any_of(std::begin(kLineParts), std::end(kLineParts),
                  [&](std::string_view part) { return low.find(part) != std::string::npos; }) &&
      (!ends_sentence(text) || low.find("무단") != std::string::npos || low.find("all rights") != std::string::npos))
    return true;
  if (width > 140) return false;
  if (starts_with_any(low, kSiteSentences)) return true;
  bool sentence = ends_sentence(text) && width > 24;
  if (low.starts_with("©") || low.starts_with("ⓒ") || low.starts_with("copyright")) return true;
  if (sentence) return false;
  if (starts_with_any(low, kLineStarts)) return true;
  if (has_date(text) && width < 100) {
    size_t letters = 0;
    for (char c : low) letters += std::isalpha(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0xE0;
    if (letters <= 45) return true;
  }
  if (text.find('@') != std::string_view::npos && text.find("기자") != std::string_view::npos) return true;
  if (low.starts_with("by ") && width < 40) return true;
  if (low.find("min read") != std::string::npos || low.find("minute read") != std::string::npos) return true;
  return count_separators(text) >= 2 && width < 150;
}

bool is_cutting_heading(std::string_view text) {
  return text_width(text) <= 60 && starts_with_any(lower(text), kCuttingHeadings);
}

int metadata_label(std::string_view cell) {
  std::string low = lower(cell);
  while (!low.empty() && (low.back() == ':' || low.back() == ' ')) low.pop_back();
  if (std::find(std::begin(kTitleLabels), std::end(kTitleLabels), low) != std::end(kTitleLabels)) return 1;
  return std::find(std::begin(kOtherLabels), std::end(kOtherLabels), low) != std::end(kOtherLabels) ? 2 : 0;
}

bool ends_sentence(std::string_view text) {
  constexpr std::string_view kClosing[] = {"\"", "'", ")", "]", "”", "’", "」", "』", "»", "*", "`"};
  bool stripped = true;
  while (stripped) {
    stripped = false;
    for (std::string_view close : kClosing)
      if (text.ends_with(close)) text.remove_suffix(close.size()), stripped = true;
  }
  constexpr std::string_view kEnds[] = {".", "!", "?", "。", "…", "！", "？", ":", ";", "다", "요", "죠", "까"};
  return std::any_of(std::begin(kEnds), std::end(kEnds), [&](std::string_view end) { return text.ends_with(end); });
}

size_t text_width(std::string_view text) {
  size_t width = 0;
  for (char c : text) {
    auto u = static_cast<unsigned char>(c);
    if ((u & 0xC0) != 0x80)
      width += u >= 0xE2 ? 2 : 1;  // from U+2000 on nearly all is East Asian; U+20xx count twice too
  }
  return width;
}

}  // namespace malmoi::data::html
