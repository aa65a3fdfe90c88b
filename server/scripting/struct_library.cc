// SPDX-License-Identifier: MIT
//
// The table `struct`: values to and from the bytes of C structures, by a format of one letter for each.
//
//   < >       little (as the machine has it, and as it begins), big byte order
//   ! or !n   align values to their size, to n (8) at most
//   b h i l   signed integers of 1, 2, 4, 8 bytes; iN of N bytes; capitals are unsigned; T as L
//   f d       float and double
//   s         bytes up to a zero
//   c cN      1 or N bytes; c0 all of a string, or as many as the number read before says
//   x         a byte of padding; a space means nothing
#include <bit>
#include <cstdint>
#include <cstring>

#include "server/scripting/libraries.h"
#include "server/scripting/lua.h"

namespace sluice::scripting {
namespace {

constexpr int kIntegerBytesMax = 32;
constexpr int kAlignmentDefault = 8;

struct Option {
  char letter;
  size_t size;     // of the value; 0 if it has none of its own
  size_t padding;  // before it
};

// Walks a format. Trivial, as all that lives while Lua may raise.
struct Format {
  const char* at;
  bool big_endian = false;
  size_t alignment = 1;

  bool is_digit() const { return *at >= '0' && *at <= '9'; }
  int number(lua_State* lua, int otherwise) {
    if (!is_digit()) return otherwise;
    int value = 0;
    while (is_digit()) {
      if (value > (INT32_MAX - 9) / 10) luaL_error(lua, "integral size overflow");
      value = 10 * value + (*at++ - '0');
    }
    return value;
  }
  size_t integer_size(lua_State* lua) {
    const int size = number(lua, sizeof(int));
    if (size > kIntegerBytesMax)
      luaL_error(lua, "integral size %d is larger than limit of %d", size, kIntegerBytesMax);
    return static_cast<size_t>(size);
  }
  size_t size_of(lua_State* lua, char letter) {
    switch (letter) {
      case 'b':
      case 'B':
      case 'x':
        return 1;
      case 'h':
      case 'H':
        return sizeof(short);
      case 'i':
      case 'I':
        return integer_size(lua);
      case 'l':
      case 'L':
        return sizeof(long);
      case 'T':
        return sizeof(size_t);
      case 'f':
        return sizeof(float);
      case 'd':
        return sizeof(double);
      case 'c':
        return static_cast<size_t>(number(lua, 1));
      default:
        return 0;
    }
  }
  // What is no value but says how the next ones are.
  void control(lua_State* lua, char letter) {
    if (letter == ' ') return;
    if (letter == '<') {
      big_endian = false;
    } else if (letter == '>') {
      big_endian = true;
    } else if (letter == '!') {
      const int to = number(lua, kAlignmentDefault);
      if (to <= 0 || (to & (to - 1)) != 0) luaL_error(lua, "alignment %d is not a power of 2", to);
      alignment = static_cast<size_t>(to);
    } else {
      luaL_argerror(lua, 1, lua_pushfstring(lua, "invalid format option '%c'", letter));
    }
  }
  // The next option, for a value that begins behind `offset` bytes.
  Option next(lua_State* lua, size_t offset) {
    Option option{*at++, 0, 0};
    option.size = size_of(lua, option.letter);
    size_t align = option.size < alignment ? option.size : alignment;
    if (align > 1 && option.letter != 'c') option.padding = (align - (offset & (align - 1))) & (align - 1);
    return option;
  }
};

bool is_integer(char letter) {
  return std::strchr("bBhHiIlLT", letter) != nullptr;
}

// --- pack

void pack_integer(lua_State* lua, int argument, const Option& option, bool big_endian, ByteBuffer& to) {
  const lua_Number number = luaL_checknumber(lua, argument);
  uint64_t value =
      number < 0 ? static_cast<uint64_t>(static_cast<int64_t>(number)) : static_cast<uint64_t>(number);
  char bytes[kIntegerBytesMax];
  for (size_t i = 0; i < option.size; ++i) {
    bytes[big_endian ? option.size - 1 - i : i] = static_cast<char>(value & 0xff);
    value >>= 8;
  }
  to.append({bytes, option.size});
}

template <typename Real>
void pack_real(lua_State* lua, int argument, bool big_endian, ByteBuffer& to) {
  const auto value = static_cast<Real>(luaL_checknumber(lua, argument));
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  if (big_endian) {
    for (size_t i = 0; i < sizeof value; ++i)
      to.append(bytes[sizeof value - 1 - i]);
  } else {
    to.append({bytes, sizeof value});
  }
}

void pack_text(lua_State* lua, int argument, const Option& option, ByteBuffer& to) {
  size_t size = 0;
  const char* const text = luaL_checklstring(lua, argument, &size);
  if (option.letter == 's') {
    to.append({text, size});
    to.append('\0');
    return;
  }
  const size_t wanted = option.size == 0 ? size : option.size;
  luaL_argcheck(lua, size >= wanted, argument + 1, "string too short");  // told of the next one, as there
  to.append({text, wanted});
}

int pack(lua_State* lua) {
  ByteBuffer& bytes = Machine::of(lua).scratch;
  bytes.clear();
  Format format{luaL_checkstring(lua, 1)};
  lua_pushnil(lua);  // what an argument that is missing is
  int argument = 2;
  while (*format.at != '\0') {
    const Option option = format.next(lua, bytes.size());
    for (size_t i = 0; i < option.padding; ++i)
      bytes.append('\0');
    if (is_integer(option.letter)) {
      pack_integer(lua, argument++, option, format.big_endian, bytes);
    } else if (option.letter == 'f') {
      pack_real<float>(lua, argument++, format.big_endian, bytes);
    } else if (option.letter == 'd') {
      pack_real<double>(lua, argument++, format.big_endian, bytes);
    } else if (option.letter == 's' || option.letter == 'c') {
      pack_text(lua, argument++, option, bytes);
    } else if (option.letter == 'x') {
      bytes.append('\0');
    } else {
      format.control(lua, option.letter);
    }
  }
  lua_pushlstring(lua, bytes.data(), bytes.size());
  return 1;
}

// --- unpack

void push_integer(lua_State* lua, const char* bytes, const Option& option, bool big_endian) {
  uint64_t value = 0;
  for (size_t i = 0; i < option.size; ++i) {
    const size_t at = big_endian ? i : option.size - 1 - i;
    value = (value << 8) | static_cast<unsigned char>(bytes[at]);
  }
  const bool is_signed = option.letter >= 'a';
  if (!is_signed) return lua_pushnumber(lua, static_cast<lua_Number>(value));
  if (option.size > 0 && option.size < sizeof value) {
    const uint64_t sign = uint64_t{1} << (8 * option.size - 1);
    if ((value & sign) != 0) value |= ~(sign - 1);
  }
  lua_pushnumber(lua, static_cast<lua_Number>(static_cast<int64_t>(value)));
}

template <typename Real>
void push_real(lua_State* lua, const char* bytes, bool big_endian) {
  char ordered[sizeof(Real)];
  for (size_t i = 0; i < sizeof ordered; ++i)
    ordered[i] = bytes[big_endian ? sizeof ordered - 1 - i : i];
  Real value;
  std::memcpy(&value, ordered, sizeof value);
  lua_pushnumber(lua, static_cast<lua_Number>(value));
}

int unpack(lua_State* lua) {
  Format format{luaL_checkstring(lua, 1)};
  size_t size = 0;
  const char* const bytes = luaL_checklstring(lua, 2, &size);
  const lua_Integer start = luaL_optinteger(lua, 3, 1);
  // A negative one is behind the end of any data.
  luaL_argcheck(lua, start != 0, 3, "offset must be 1 or greater");
  size_t at = static_cast<size_t>(start) - 1;
  int values = 0;
  lua_settop(lua, 2);
  while (*format.at != '\0') {
    Option option = format.next(lua, at);
    at += option.padding;
    luaL_argcheck(lua, at <= size && option.size <= size - at, 2, "data string too short");
    luaL_checkstack(lua, 2, "too many results");
    if (is_integer(option.letter)) {
      push_integer(lua, bytes + at, option, format.big_endian);
      ++values;
    } else if (option.letter == 'f') {
      push_real<float>(lua, bytes + at, format.big_endian);
      ++values;
    } else if (option.letter == 'd') {
      push_real<double>(lua, bytes + at, format.big_endian);
      ++values;
    } else if (option.letter == 'c') {
      if (option.size == 0) {
        if (values == 0 || lua_isnumber(lua, -1) == 0)
          return luaL_error(lua, "format 'c0' needs a previous size");
        const lua_Number wanted = lua_tonumber(lua, -1);
        luaL_argcheck(lua, wanted >= 0 && wanted <= static_cast<lua_Number>(size - at), 2,
                      "data string too short");
        option.size = static_cast<size_t>(wanted);
        lua_pop(lua, 1);
        --values;
      }
      lua_pushlstring(lua, bytes + at, option.size);
      ++values;
    } else if (option.letter == 's') {
      const void* const end = std::memchr(bytes + at, '\0', size - at);
      if (end == nullptr) return luaL_error(lua, "unfinished string in data");
      option.size = static_cast<size_t>(static_cast<const char*>(end) - (bytes + at)) + 1;
      lua_pushlstring(lua, bytes + at, option.size - 1);
      ++values;
    } else if (option.letter != 'x') {
      format.control(lua, option.letter);
    }
    at += option.size;
  }
  lua_pushinteger(lua, static_cast<lua_Integer>(at) + 1);
  return values + 1;
}

int size(lua_State* lua) {
  Format format{luaL_checkstring(lua, 1)};
  size_t total = 0;
  while (*format.at != '\0') {
    const Option option = format.next(lua, total);
    if (option.letter == 's') luaL_argerror(lua, 1, "option 's' has no fixed size");
    if (option.letter == 'c' && option.size == 0) luaL_argerror(lua, 1, "option 'c0' has no fixed size");
    const bool is_letter = (option.letter >= 'a' && option.letter <= 'z') ||
                           (option.letter >= 'A' && option.letter <= 'Z') ||
                           (option.letter >= '0' && option.letter <= '9');
    if (!is_letter) format.control(lua, option.letter);  // letters that mean nothing have no size
    total += option.padding + option.size;
  }
  lua_pushinteger(lua, static_cast<lua_Integer>(total));
  return 1;
}

}  // namespace

void push_struct_library(lua_State* lua) {
  static_assert(std::endian::native == std::endian::little);
  lua_newtable(lua);
  constexpr luaL_Reg kFunctions[] = {{"pack", pack}, {"unpack", unpack}, {"size", size}};
  for (const luaL_Reg& function : kFunctions) {
    lua_pushcfunction(lua, function.func);
    lua_setfield(lua, -2, function.name);
  }
}

}  // namespace sluice::scripting
