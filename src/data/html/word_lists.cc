// Lower-case, separated by | or a line end; spaces count.
#include "data/html/word_lists.h"

#include <algorithm>
#include <array>

namespace malmoi::data::html {
namespace {

// Of classes and ids: boilerplate, unless it holds the page.
constexpr std::string_view kStrongNames = R"(
nav|navi|navbar|navigation|menu|menubar|gnb|lnb|snb|fnb|tnb|topmenu|submenu|sitemap|breadcrumb|breadcrumbs|crumb
crumbs|footer|foot|footnav|colophon|copyright|sidebar|aside|leftside|rightside|leftmenu|rightmenu|quickmenu
lside|rside|ad|ads|adv|advert|advertisement|advertising|adsense|adbox|adarea|banner|banners|sponsor|sponsored
promo|promotion|share|sharing|sharebar|sns|social|addthis|related|relatedtopics|relatedposts|relate|recommend
recommended|recommendation|recommendations|suggested|comment|comments|commentlist|cmt|reply|replies|disqus
respond|cookie|cookies|consent|gdpr|popup|modal|overlay|toast|newsletter|subscribe|subscription|signup|login
signin|pagination|pager|paging|paginate|paginator|pagenav|prevnext|byline|dateline|timestamp|pubdate|postmeta
toc|headerlink|permalink|anchorjs|editsection|navbox|catlinks|toolbar|toolbox|donate|donation|paywall|trending
ranking|noprint|masthead|topbar|searchbox|searchform|jump|skip|skiplink|floating|admonitionlink|share-buttons
follow|outbrain|taboola|dable|upsell|cta|backlink
authorbox|authorbio|aboutauthor|abouttheauthor|writerinfo|reporterinfo)";

// Boilerplate where it is links or fragments.
constexpr std::string_view kWeakNames = R"(
side|header|head|top|bottom|best|hot|latest|recent|popular|more|rank|page|pages|meta|metadata|info|author|writer
profile|date|time|regdate|hit|hits|views|viewcount|tags|tag|taglist|category|categories|btn|btns|button|buttons
tool|tools|util|utility|fontsize|print|scrap|widget|plugin|prev|next|search|form|location|path
legal|policy|terms|credit|quick|family|logo|vote|like|likes|rating|file|files|attach|product|products|goods
event|edit|similar|bio|stats|counter|visitor|company|contact|cart
price|prices|stock|qty|quantity)";

// What lists of links are called, in content and around it.
constexpr std::string_view kShapeNames = R"(
list|link|links)";

// Not shown.
constexpr std::string_view kHiddenNames = R"(
sronly|visuallyhidden|screenreader|screenreadertext|blind|hidden|offscreen|invisible|hide|printonly|ahidden)";

// The content by its own name.
constexpr std::string_view kContentNames = R"(
content|contents|article|articlebody|entry|post|body|main|text|story|view|viewcontent|board|detail|document
documentation|markdown|wiki|prose|answer|question)";

// Lines of people who write pages, not of what they write about; matched at the beginning of short lines.
constexpr std::string_view kLineStarts = R"(
share this|share on|share:|share|tags:|tagged|filed under|posted in|posted on|posted by|published on|published:
published by|last updated|last modified|updated:|updated on|copyright|©|ⓒ|(c) |all rights reserved|read more
continue reading|click here|subscribe|sign up|sign in|log in|follow us|advertisement|sponsored|skip to
back to top|back to|you may also like|more from|previous|next|prev|home >|home /|home ›|home »|you are here
print this|email this|loading|please enable javascript|we use cookies|this site uses cookies|this website uses
built with|powered by|leave a comment|leave a reply|view all|see all|terms of|privacy policy|by using this site
edit this page|was this page helpful|was this helpful|add to cart|join our|follow |estimated reading
reading time|홈 >|홈 ›|홈>|home>|입력 |입력:|수정 |수정:|등록 |최종수정|기사입력|기사등록|승인 |작성일|작성자
글쓴이|등록일|게시일|조회|추천 |댓글|관련기사|관련 기사|관련글|관련 글|많이 본|추천 기사|추천기사|추천 상품
추천상품|인기 글|인기글|인기 기사|이전글|다음글|이전 글|다음 글|이전 |◁|▷|◀|▶|☞|목록|[목록]|공유하기|공유|인쇄
스크랩|글자 크기|글자크기|글씨 크기|글꼴 크기|맨 위로|맨위로|위로|더보기|더 보기|자세히 보기|광고|[광고]
무단 전재|무단전재|저작권자|저작권|이용약관|개인정보|구독|로그인|회원가입|검색어를 입력|첨부파일|첨부 :|태그
카테고리|분류:|이 홈페이지는|본 사이트는|본 홈페이지|고객센터|사업자등록번호|사업자 등록번호|통신판매업|상호:
상호 :|대표이사|대표:|발행인|주소:|주소 :|전화:|팩스:|오늘 |전체 방문|방문자|페이스북|트위터|카카오톡|url 복사
링크 복사|신고하기|본문 바로가기|메뉴 바로가기|뉴스레터|이메일 구독|제보|기사제보|좋아요|장바구니|번역 :
출처 바로가기)";

// Anywhere in a line.
constexpr std::string_view kLineParts = R"(
무단 전재|무단전재|재배포 금지|재배포금지|all rights reserved|이메일무단수집거부|개인정보처리방침
개인정보 처리방침|이용약관|청소년보호정책|terms of use|terms of service|privacy policy|사업자등록번호|통신판매업)";

// Whole sentences about the site itself, by their beginning.
constexpr std::string_view kSiteSentences = R"(
이 홈페이지는|본 홈페이지|본 사이트|이 사이트는|저희 사이트|we use cookies|this site uses|this website uses
please enable javascript|javascript|your browser|by using this site|본 콘텐츠의 저작권|이 기사의 저작권
모든 저작권|저작권자|copyright)";

// Headings after which nothing of the content follows, by their beginning.
constexpr std::string_view kCuttingHeadings = R"(
댓글|덧글|답글|한줄평|comment|leave a|related|관련 기사|관련기사|관련 글|관련글|관련 뉴스|관련 주제|관련 상품
함께 보면|함께 본|함께 읽|많이 본|많이 읽|인기 기사|인기 글|인기글|추천 기사|추천 글|추천 상품|추천 콘텐츠
이 기사를|이 글과|최신 글|최신글|최근 글|최신 기사|주요 뉴스|you may also|you might also|recommended|more from
more stories|more articles|recent posts|recent articles|popular posts|most read|most popular|trending|share this
share|about the author|글쓴이 소개|newsletter|subscribe|responses|replies|공유하기|이전글|다음글|customers also
similar products|similar
상품평|구매후기|구매 후기|상품후기|상품 후기|고객 리뷰|고객리뷰|상품문의|상품 문의|customer reviews|ratings and reviews|ratings & reviews|reviews ()";

// Of the head of a post in a notice board: the label of its title.
constexpr std::string_view kTitleLabels = R"(
제목|글제목|제 목|title|subject)";

// And those of its other rows.
constexpr std::string_view kOtherLabels = R"(
글쓴이|작성자|작성일|작성일자|등록일|등록자|등록일자|날짜|조회|조회수|추천|추천수|첨부|첨부파일|파일|이름|번호
부서|담당부서|담당자|연락처|전화번호|이메일|홈페이지|분류|author|writer|date|name|views|hits|posted|from|file
files|category|글번호|수정일|게시일|ip|공개여부|출처)";

std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> words;
  while (!list.empty()) {
    size_t end = std::min(list.find_first_of("|\n"), list.size());
    if (end > 0) words.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return words;
}

}  // namespace

const std::vector<std::string_view>& words(WordList list) {
  // In the order of WordList.
  static const std::array<std::vector<std::string_view>, 11> kLists = {
      split(kStrongNames),     split(kWeakNames),   split(kShapeNames), split(kHiddenNames),
      split(kContentNames),    split(kLineStarts),  split(kLineParts),  split(kSiteSentences),
      split(kCuttingHeadings), split(kTitleLabels), split(kOtherLabels)};
  return kLists[static_cast<size_t>(list)];
}

}  // namespace malmoi::data::html
