#include "data/pii/regions.h"

#include <algorithm>
#include <array>

namespace malmoi::data {
namespace {

using View = std::u32string_view;

// Stems; each may stand alone or with its endings.
constexpr std::array<View, 8> kMetropolitan = {U"서울", U"부산", U"대구", U"인천", U"광주", U"대전", U"울산", U"세종"};
constexpr std::array<View, 15> kProvinces = {U"경기",     U"강원",     U"충북",     U"충남",     U"전북",
                                             U"전남",     U"경북",     U"경남",     U"제주",     U"충청북도",
                                             U"충청남도", U"전라북도", U"전라남도", U"경상북도", U"경상남도"};
constexpr std::array<View, 5> kCityEndings = {U"", U"시", U"특별시", U"광역시", U"특별자치시"};
constexpr std::array<View, 3> kProvinceEndings = {U"", U"도", U"특별자치도"};

constexpr std::array<View, 78> kCities = {
    U"수원",   U"성남", U"의정부", U"안양", U"부천",   U"광명", U"평택", U"동두천", U"안산", U"고양", U"과천", U"구리",
    U"남양주", U"오산", U"시흥",   U"군포", U"의왕",   U"하남", U"용인", U"파주",   U"이천", U"안성", U"김포", U"화성",
    U"광주",   U"양주", U"포천",   U"여주", U"춘천",   U"원주", U"강릉", U"동해",   U"태백", U"속초", U"삼척", U"청주",
    U"충주",   U"제천", U"천안",   U"공주", U"보령",   U"아산", U"서산", U"논산",   U"계룡", U"당진", U"전주", U"군산",
    U"익산",   U"정읍", U"남원",   U"김제", U"목포",   U"여수", U"순천", U"나주",   U"광양", U"포항", U"경주", U"김천",
    U"안동",   U"구미", U"영주",   U"영천", U"상주",   U"문경", U"경산", U"창원",   U"진주", U"통영", U"사천", U"김해",
    U"밀양",   U"거제", U"양산",   U"제주", U"서귀포", U"마산"};

constexpr std::array<View, 82> kCounties = {
    U"연천", U"가평", U"양평", U"홍천", U"횡성", U"영월", U"평창", U"정선", U"철원", U"화천", U"양구", U"인제",
    U"고성", U"양양", U"보은", U"옥천", U"영동", U"증평", U"진천", U"괴산", U"음성", U"단양", U"금산", U"부여",
    U"서천", U"청양", U"홍성", U"예산", U"태안", U"완주", U"진안", U"무주", U"장수", U"임실", U"순창", U"고창",
    U"부안", U"담양", U"곡성", U"구례", U"고흥", U"보성", U"화순", U"장흥", U"강진", U"해남", U"영암", U"무안",
    U"함평", U"영광", U"장성", U"완도", U"진도", U"신안", U"군위", U"의성", U"청송", U"영양", U"영덕", U"청도",
    U"고령", U"성주", U"칠곡", U"예천", U"봉화", U"울진", U"울릉", U"의령", U"함안", U"창녕", U"남해", U"하동",
    U"산청", U"함양", U"거창", U"합천", U"강화", U"옹진", U"기장", U"달성", U"울주", U"청원"};

constexpr std::array<View, 102> kDistricts = {
    U"종로", U"중",     U"용산", U"성동", U"광진", U"동대문", U"중랑",   U"성북",   U"강북", U"도봉",     U"노원",
    U"은평", U"서대문", U"마포", U"양천", U"강서", U"구로",   U"금천",   U"영등포", U"동작", U"관악",     U"서초",
    U"강남", U"송파",   U"강동", U"서",   U"동",   U"영도",   U"부산진", U"동래",   U"남",   U"북",       U"해운대",
    U"사하", U"금정",   U"연제", U"수영", U"사상", U"수성",   U"달서",   U"미추홀", U"연수", U"남동",     U"부평",
    U"계양", U"광산",   U"유성", U"대덕", U"장안", U"권선",   U"팔달",   U"영통",   U"수정", U"중원",     U"분당",
    U"만안", U"동안",   U"상록", U"단원", U"덕양", U"일산동", U"일산서", U"처인",   U"기흥", U"수지",     U"상당",
    U"서원", U"흥덕",   U"청원", U"동남", U"서북", U"완산",   U"덕진",   U"의창",   U"성산", U"마산합포", U"마산회원",
    U"진해", U"원미",   U"소사", U"오정", U"일산", U"검단",   U"영종",   U"제물포", U"만세", U"효행",     U"병점",
    U"동탄", U"송도",   U"청라", U"세교", U"광교", U"위례",   U"운정",   U"판교",   U"서해", U"강화",     U"부천",
    U"남촌", U"논현",   U"간석"};

template <size_t N>
bool is_stem_of(View token, const std::array<View, N>& stems, char32_t ending) {
  if (token.size() < 2 || token.back() != ending) return false;
  View stem = token.substr(0, token.size() - 1);
  return std::find(stems.begin(), stems.end(), stem) != stems.end();
}

template <size_t N, size_t M>
bool is_with_ending(View token, const std::array<View, N>& stems, const std::array<View, M>& endings) {
  for (View stem : stems)
    if (token.substr(0, stem.size()) == stem &&
        std::find(endings.begin(), endings.end(), token.substr(stem.size())) != endings.end())
      return true;
  return false;
}

}  // namespace

bool is_province(View token) {
  return is_with_ending(token, kMetropolitan, kCityEndings) || is_with_ending(token, kProvinces, kProvinceEndings);
}

bool is_district(View token) {
  return is_stem_of(token, kCities, U'시') || is_stem_of(token, kCounties, U'군') ||
         is_stem_of(token, kDistricts, U'구');
}

}  // namespace malmoi::data
