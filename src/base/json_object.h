// The object of a JSON value: keys in the order in which they came, found by hash once there are many.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include <nlohmann/ordered_map.hpp>

#include "base/key_index.h"

namespace malmoi {

/// nlohmann's ordered map searches its keys one by one: an object of n keys takes n^2 / 2 comparisons to read, which
/// hostile input uses. Here an index is kept beside the keys from `kIndexedFrom` of them on; few keys are searched
/// faster without. The index always holds every key, so that reading a shared object from many threads changes nothing.
/// Parameters as of nlohmann::ordered_map; only what nlohmann::basic_json calls is offered.
template <typename Key, typename T, typename IgnoredLess = std::less<Key>,
          typename Allocator = std::allocator<std::pair<const Key, T>>>
class JsonObject : private nlohmann::ordered_map<Key, T, IgnoredLess, Allocator> {
  using Base = nlohmann::ordered_map<Key, T, IgnoredLess, Allocator>;

 public:
  using typename Base::allocator_type;
  using typename Base::const_iterator;
  using typename Base::const_reference;
  using typename Base::const_reverse_iterator;
  using typename Base::Container;
  using typename Base::difference_type;
  using typename Base::iterator;
  using typename Base::key_compare;
  using typename Base::key_type;
  using typename Base::mapped_type;
  using typename Base::reference;
  using typename Base::reverse_iterator;
  using typename Base::size_type;
  using typename Base::value_type;

  using Base::begin;
  using Base::cbegin;
  using Base::cend;
  using Base::empty;
  using Base::end;
  using Base::max_size;
  using Base::rbegin;
  using Base::rend;
  using Base::size;

  JsonObject() = default;
  explicit JsonObject(const Allocator& allocator) : Base(allocator) {}
  template <typename Iterator>
  JsonObject(Iterator first, Iterator last) {
    insert(first, last);
  }
  JsonObject(std::initializer_list<value_type> items) { insert(items.begin(), items.end()); }

  iterator find(std::string_view key) { return begin() + static_cast<difference_type>(position(key)); }
  const_iterator find(std::string_view key) const { return begin() + static_cast<difference_type>(position(key)); }
  size_type count(std::string_view key) const { return position(key) < size() ? 1 : 0; }

  template <typename KeyType>
  std::pair<iterator, bool> emplace(KeyType&& key, T value) {
    size_t at = position(key);
    if (at < size()) return {begin() + static_cast<difference_type>(at), false};
    static_cast<Container&>(*this).emplace_back(std::forward<KeyType>(key), std::move(value));
    if (size() == kIndexedFrom) rebuild_index();
    else if (size() > kIndexedFrom) index_.add(std::prev(end())->first, at, key_at());
    return {std::prev(end()), true};
  }
  std::pair<iterator, bool> insert(value_type&& item) { return emplace(item.first, std::move(item.second)); }
  std::pair<iterator, bool> insert(const value_type& item) { return emplace(item.first, item.second); }
  template <typename Iterator>
  void insert(Iterator first, Iterator last) {
    for (; first != last; ++first) emplace(first->first, T(first->second));
  }
  template <typename KeyType>
  T& operator[](KeyType&& key) {
    size_t at = position(key);
    if (at < size()) return (begin() + static_cast<difference_type>(at))->second;
    return emplace(std::forward<KeyType>(key), T{}).first->second;
  }

  size_type erase(std::string_view key) {
    iterator found = find(key);
    if (found == end()) return 0;
    erase(found);
    return 1;
  }
  iterator erase(iterator position) { return erase(position, std::next(position)); }
  iterator erase(iterator first, iterator last) {
    iterator next = Base::erase(first, last);
    rebuild_index();
    return next;
  }
  void clear() {
    Base::clear();
    index_.clear();
  }

  friend bool operator==(const JsonObject& a, const JsonObject& b) {
    return static_cast<const Container&>(a) == static_cast<const Container&>(b);
  }
  friend bool operator<(const JsonObject& a, const JsonObject& b) {
    return static_cast<const Container&>(a) < static_cast<const Container&>(b);
  }

 private:
  static constexpr size_t kIndexedFrom = 16;  // below, comparing lengths and first bytes costs less than a hash

  /// Where the key stands; size() where it does not.
  size_t position(std::string_view key) const {
    if (size() >= kIndexedFrom) return index_.find(key, size(), key_at());
    size_t at = 0;
    for (const value_type& item : *this) {
      if (item.first == key) return at;
      ++at;
    }
    return at;
  }

  auto key_at() const {
    return [this](size_t at) { return std::string_view((begin() + static_cast<difference_type>(at))->first); };
  }

  void rebuild_index() {
    index_.clear();
    if (size() < kIndexedFrom) return;
    size_t at = 0;
    for (const value_type& item : *this) index_.add(item.first, at++, key_at());
  }

  KeyIndex index_;
};

}  // namespace malmoi
