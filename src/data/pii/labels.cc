#include "data/pii/labels.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace malmoi::data {
namespace {

using View = std::u32string_view;

struct Words {
  Label label;
  std::initializer_list<View> words;
};

// Lower-case, as FoldedText has them. Words of ASCII letters count only as whole words.
const Words kWords[] = {
    {Label::kRrn,
     {U"주민등록번호", U"주민번호", U"주민등록", U"주민 번호", U"주민등록 번호", U"주민",
      U"resident registration number", U"resident registration", U"resident number", U"rrn", U"national id",
      U"가입자번호"}},
    {Label::kArn,
     {U"외국인등록번호", U"외국인등록증", U"외국인등록", U"외국인 등록번호", U"외국인 등록증", U"외국인번호",
      U"거소신고번호", U"국내거소신고", U"거소번호", U"alien registration number", U"alien registration",
      U"foreigner registration", U"arn", U"registration card", U"residence card"}},
    {Label::kBrn,
     {U"사업자등록번호",
      U"사업자 등록번호",
      U"사업자번호",
      U"사업자 번호",
      U"사업자등록",
      U"사업자등록증",
      U"사업자",
      U"등록번호",
      U"세금계산서",
      U"공급자",
      U"공급받는자",
      U"가맹점",
      U"거래처",
      U"business registration",
      U"business reg",
      U"registration no",
      U"business number",
      U"business no",
      U"brn",
      U"tax id",
      U"company registration",
      U"vat no"}},
    {Label::kDriver, {U"운전면허",         U"운전면허번호",    U"운전면허증",      U"운전면허증번호",
                      U"면허번호",         U"면허증",          U"면허증번호",      U"면허",
                      U"driver",           U"drivers",         U"driver's",        U"driver license",
                      U"driver's license", U"driving licence", U"driving license", U"driver licence",
                      U"driver's licence", U"licence no",      U"license no",      U"license number",
                      U"licence number"}},
    {Label::kPassport,
     {U"여권", U"여권번호", U"여권 번호", U"passport", U"passport no", U"passport number", U"출입국", U"탑승자"}},
    {Label::kPhone,
     {U"전화",
      U"전화번호",
      U"연락처",
      U"휴대폰",
      U"휴대폰번호",
      U"핸드폰",
      U"핸드폰번호",
      U"휴대전화",
      U"폰",
      U"폰번호",
      U"팩스",
      U"대표번호",
      U"대표전화",
      U"문의",
      U"문의처",
      U"고객센터",
      U"콜센터",
      U"상담",
      U"상담전화",
      U"문자",
      U"카톡",
      U"발신",
      U"발신번호",
      U"수신번호",
      U"통화",
      U"예약",
      U"신고",
      U"연락",
      U"비상연락망",
      U"사무실",
      U"자택",
      U"직통",
      U"내선",
      U"민원실",
      U"ars",
      U"tel",
      U"t.",
      U"t:",
      U"telephone",
      U"phone",
      U"phone number",
      U"mobile",
      U"cell",
      U"cellphone",
      U"cell phone",
      U"fax",
      U"f.",
      U"f:",
      U"call",
      U"call me",
      U"dial",
      U"contact",
      U"hotline",
      U"hp",
      U"h.p",
      U"m.p",
      U"whatsapp",
      U"text me",
      U"sms",
      U"reach me",
      U"☎",
      U"☏",
      U"📞",
      U"📱",
      U"✆"}},
    {Label::kCard,
     {U"카드", U"카드번호", U"신용카드", U"체크카드", U"card", U"card number", U"card no", U"credit card",
      U"debit card", U"visa", U"mastercard", U"amex", U"pan", U"결제"}},
    {Label::kAccount,
     {U"계좌",         U"계좌번호", U"계좌로", U"계좌는",  U"입금",       U"입금처",     U"송금",
      U"이체",         U"자동이체", U"예금주", U"통장",    U"account",    U"account no", U"account number",
      U"bank account", U"acct",     U"a/c",    U"wire to", U"deposit to", U"후원계좌"}},
    {Label::kBank,
     {U"국민은행",
      U"kb국민은행",
      U"kb국민",
      U"신한은행",
      U"우리은행",
      U"하나은행",
      U"keb하나은행",
      U"keb하나",
      U"기업은행",
      U"ibk기업은행",
      U"ibk",
      U"농협은행",
      U"nh농협은행",
      U"nh농협",
      U"농협",
      U"단위농협",
      U"지역농협",
      U"축협",
      U"수협은행",
      U"수협",
      U"신협",
      U"새마을금고",
      U"mg새마을금고",
      U"우체국",
      U"카카오뱅크",
      U"토스뱅크",
      U"케이뱅크",
      U"k뱅크",
      U"sc제일은행",
      U"제일은행",
      U"sc은행",
      U"씨티은행",
      U"한국씨티은행",
      U"시티은행",
      U"산업은행",
      U"kdb산업은행",
      U"부산은행",
      U"bnk부산은행",
      U"대구은행",
      U"dgb대구은행",
      U"im뱅크",
      U"아이엠뱅크",
      U"경남은행",
      U"bnk경남은행",
      U"광주은행",
      U"전북은행",
      U"제주은행",
      U"수출입은행",
      U"외환은행",
      U"저축은행",
      U"산림조합",
      U"hsbc은행",
      U"증권",
      U"은행",
      U"kookmin bank",
      U"shinhan bank",
      U"woori bank",
      U"hana bank",
      U"kb bank",
      U"nonghyup",
      U"kakao bank",
      U"kakaobank",
      U"toss bank",
      U"tossbank",
      U"k bank",
      U"kbank",
      U"ibk bank",
      U"nh bank",
      U"shinhan",
      U"woori",
      U"kookmin",
      U"hana bank",
      U"citibank",
      U"standard chartered",
      U"busan bank",
      U"daegu bank",
      U"post office bank",
      U"mg community",
      U"bank"}},
    {Label::kBankShort, {U"국민",   U"신한", U"우리", U"하나", U"기업", U"카카오", U"카뱅", U"토스", U"케뱅",
                         U"새마을", U"제일", U"씨티", U"산업", U"부산", U"대구",   U"경남", U"광주", U"전북",
                         U"제주",   U"kb",   U"nh",   U"sc",   U"mg",   U"keb",    U"kdb"}},
    {Label::kIp, {U"ip",         U"ip주소",     U"ip 주소",  U"ipv4",    U"ipv6",      U"아이피", U"서버",   U"server",
                  U"host",       U"hostname",   U"ping",     U"address", U"주소",      U"주소는", U"dns",    U"gateway",
                  U"게이트웨이", U"접속",       U"로그인",   U"login",   U"logged in", U"ssh",    U"client", U"remote",
                  U"addr",       U"차단",       U"subnet",   U"서브넷",  U"라우터",    U"router", U"vpn",    U"proxy",
                  U"프록시",     U"nameserver", U"네임서버", U"접근",    U"호스트",    U"inet",   U"공인",   U"사설",
                  U"endpoint",   U"target",     U"src",      U"dst",     U"source",    U"port",   U"://"}},
    {Label::kVersion,
     {U"버전",     U"버젼",    U"version",    U"versions",  U"ver",    U"v",        U"section",        U"sections",
      U"sec",      U"chapter", U"장",         U"절",        U"항",     U"조",       U"펌웨어",         U"firmware",
      U"build",    U"빌드",    U"release",    U"릴리스",    U"릴리즈", U"rev",      U"revision",       U"업데이트",
      U"update",   U"§",       U"표",         U"그림",      U"figure", U"fig",      U"table",          U"oid",
      U"appendix", U"부록",    U"clause",     U"paragraph", U"rfc",    U"드라이버", U"driver version", U"패치",
      U"patch",    U"upgrade", U"업그레이드", U"sdk",       U"api",    U"커널",     U"kernel",         U"목차",
      U"item",     U"article", U"step",       U"sdk 버전"}},
    {Label::kOther,
     {U"주문",
      U"주문번호",
      U"주문 번호",
      U"운송장",
      U"운송장번호",
      U"운송장 번호",
      U"송장",
      U"송장번호",
      U"송장 번호",
      U"등기번호",
      U"택배",
      U"코드",
      U"코드는",
      U"제품코드",
      U"상품코드",
      U"상품 코드",
      U"code",
      U"product code",
      U"모델",
      U"모델명",
      U"model",
      U"시리얼",
      U"시리얼번호",
      U"serial",
      U"serial number",
      U"serial no",
      U"s/n",
      U"바코드",
      U"barcode",
      U"isbn",
      U"issn",
      U"우편번호",
      U"zip code",
      U"제품번호",
      U"제품 번호",
      U"상품번호",
      U"상품 번호",
      U"품번",
      U"쿠폰",
      U"쿠폰번호",
      U"쿠폰 번호",
      U"coupon",
      U"일련번호",
      U"일련 번호",
      U"관리번호",
      U"접수번호",
      U"게시글",
      U"글번호",
      U"문서번호",
      U"학번",
      U"사번",
      U"order",
      U"order no",
      U"order number",
      U"invoice",
      U"invoice no",
      U"tracking",
      U"tracking number",
      U"part no",
      U"part number",
      U"부품",
      U"부품번호",
      U"특허",
      U"특허번호",
      U"patent",
      U"허가번호",
      U"승인번호",
      U"신고번호",
      U"예약번호",
      U"reservation code",
      U"티켓",
      U"티켓번호",
      U"ticket",
      U"좌표",
      U"sku",
      U"imei",
      U"버스",
      U"노선",
      U"lot",
      U"로트",
      U"doi",
      U"사건번호",
      U"공고",
      U"고시",
      U"법인등록번호",
      U"법인번호",
      U"등기",
      U"대출번호",
      U"거래번호",
      U"전표",
      U"전표번호",
      U"기사번호",
      U"버전",
      U"item no",
      U"case no",
      U"ref",
      U"reference",
      U"confirmation",
      U"transaction",
      U"upc",
      U"ean",
      U"gtin",
      U"국제표준도서번호",
      U"도서번호",
      U"점수",
      U"스코어",
      U"score",
      U"라이선스 키",
      U"제품키",
      U"제품 키",
      U"license key",
      U"product key",
      U"해시",
      U"hash",
      U"uuid",
      U"타임스탬프",
      U"timestamp",
      U"epoch",
      U"재고",
      U"재고번호",
      U"자산번호",
      U"차량번호",
      U"호기",
      U"편명",
      U"flight"}},
    {Label::kAddress,
     {U"주소",      U"주소는",     U"배송지",    U"배송지는",   U"배송주소", U"소재지",     U"소재지는",   U"거주지",
      U"거주지는",  U"자택주소",   U"사는 곳",   U"사는 곳은",  U"근무지",   U"본적",       U"등록기준지", U"전입신고",
      U"수령지",    U"받는 곳",    U"보내는 곳", U"address",    U"ship to",  U"deliver to", U"lives at",   U"live at",
      U"living at", U"resides at", U"reside at", U"located at", U"mail to",  U"send to",    U"home"}},
};

struct Entry {
  View word;
  Label label;
};

bool is_ascii_word_char(char32_t c) { return is_letter(c) || is_digit(c); }

// Entries by the last character of the word, longest first: a label is searched from its end.
struct ByLast {
  std::vector<std::pair<char32_t, std::vector<Entry>>> groups;
  ByLast() {
    for (const Words& list : kWords)
      for (View word : list.words) group(word.back()).push_back({word, list.label});
    for (auto& [last, entries] : groups)
      std::stable_sort(entries.begin(), entries.end(),
                       [](const Entry& a, const Entry& b) { return a.word.size() > b.word.size(); });
    std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  }
  std::vector<Entry>& group(char32_t c) {
    for (auto& g : groups)
      if (g.first == c) return g.second;
    return groups.emplace_back(c, std::vector<Entry>{}).second;
  }
  const std::vector<Entry>* find(char32_t c) const {
    auto it = std::lower_bound(groups.begin(), groups.end(), c, [](const auto& g, char32_t x) { return g.first < x; });
    return it != groups.end() && it->first == c ? &it->second : nullptr;
  }
};

const ByLast& table() {
  static const ByLast kTable;
  return kTable;
}

// Whether `word` stands in the text with its end at `end`; ASCII words must not be parts of longer ones.
bool ends_with_word(const FoldedText& text, size_t floor, size_t end, View word) {
  if (end - floor < word.size()) return false;
  size_t begin = end - word.size();
  if (View(text.chars).substr(begin, word.size()) != word) return false;
  if (is_ascii_word_char(word.front()) && begin > 0 && is_ascii_word_char(text.at(begin - 1))) return false;
  return !(is_ascii_word_char(word.back()) && is_letter(text.at(end)));
}

template <typename Visit>
void visit_before(const FoldedText& text, size_t at, size_t floor, size_t window, const Visit& visit) {
  size_t low = std::max(floor, at > window ? at - window : 0);
  for (size_t end = at; end > low; --end) {
    const std::vector<Entry>* entries = table().find(text.chars[end - 1]);
    if (entries == nullptr) continue;
    for (const Entry& entry : *entries)
      if (ends_with_word(text, floor, end, entry.word) && visit(entry, end)) return;
  }
}

}  // namespace

FoundLabel label_before(const FoldedText& text, size_t at, size_t floor, size_t window) {
  FoundLabel found;
  visit_before(text, at, floor, window, [&](const Entry& entry, size_t end) {
    found = {entry.label, at - end};
    return true;
  });
  return found;
}

bool has_label_before(const FoldedText& text, size_t at, size_t floor, size_t window, Label label) {
  bool found = false;
  visit_before(text, at, floor, window, [&](const Entry& entry, size_t) { return found = entry.label == label; });
  return found;
}

bool has_label_after(const FoldedText& text, size_t at, size_t window, Label label) {
  size_t high = at;
  while (high < text.size() && high - at < window && !is_digit(text.at(high)) && text.at(high) != U'\n') ++high;
  for (const Words& list : kWords) {
    if (list.label != label) continue;
    for (View word : list.words)
      for (size_t begin = at; begin < high; ++begin)
        if (begin + word.size() <= text.size() && ends_with_word(text, at, begin + word.size(), word)) return true;
  }
  return false;
}

bool is_called_wrong(const FoldedText& text, size_t begin, size_t end) {
  static constexpr std::array<View, 26> kWrong = {
      U"틀린",   U"틀렸",    U"틀리",   U"잘못",      U"유효하지", U"무효", U"오류",     U"형식",      U"테스트",
      U"체크섬", U"검증",    U"불일치", U"가짜",      U"예시",     U"샘플", U"올바르지", U"없는 번호", U"아닌",
      U"아니",   U"invalid", U"wrong",  U"incorrect", U"test",     U"fake", U"dummy",    U"not a "};
  size_t low = begin > 25 ? begin - 25 : 0, high = std::min(text.size(), end + 25);
  View around = View(text.chars).substr(low, high - low);
  return std::any_of(kWrong.begin(), kWrong.end(), [&](View word) { return around.find(word) != View::npos; });
}

}  // namespace malmoi::data
