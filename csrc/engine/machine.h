/*
 * The machine that the translated engine runs on: linear memory at an address that is fixed when the program
 * is linked, and WebAssembly's operations in C. scripts/engine/translate.ts turns what wasm2c writes into
 * functions that stand on this header.
 *
 * Nothing is checked on a load or store: an address is 32 bits, an offset less than 4 GiB, and nothing but
 * the engine's own memory is mapped in the 8 GiB from MEMORY_BASE on (memory.c), so whatever goes astray ends
 * in SIGSEGV (errors.c).
 */
#ifndef TSOCI_ENGINE_MACHINE_H
#define TSOCI_ENGINE_MACHINE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;
typedef float f32;
typedef double f64;

#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define LIKELY(x) __builtin_expect(!!(x), 1)

/* Above the program's code and within 2 GiB, so that an x86-64 instruction holds it. Also where the image's
 * section begins (scripts/engine/assemble.ts), and the reason why that has another section behind all of
 * this. */
#define MEMORY_BASE 0x48000000ULL
/* WebAssembly's page. */
#define MEMORY_PAGE 65536U

#define AT(address) ((u8 *)(MEMORY_BASE + (u64)(address)))

/* Bytes of linear memory that are there. */
extern u64 memory_size;
/* The engine's own stack pointer, in linear memory, growing down from STACK_TOP. */
extern u32 stack_pointer;
#define STACK_TOP 1048576U

/* Ends the process: the engine did what it must never do. */
enum trap { TRAP_OOB, TRAP_DIV_BY_ZERO, TRAP_INT_OVERFLOW, TRAP_UNREACHABLE, TRAP_CALL_INDIRECT };
_Noreturn void machine_trap(enum trap trap);
/* Pages that were there, or -1 when there is no room. */
u32 machine_grow(u32 pages);

#define TRAP(name) (machine_trap(TRAP_##name), 0)
#define UNREACHABLE machine_trap(TRAP_UNREACHABLE)
#define FUNC_PROLOGUE
#define FUNC_EPILOGUE

/* A function that is called by its number; `type` is the number of its signature. */
struct table_entry {
    u32 type;
    void (*function)(void);
};
extern const struct table_entry function_table[];
extern const u32 function_table_size;

#define CALL_INDIRECT(pointer, wanted, index, ...)                                                           \
    (LIKELY((index) < function_table_size && function_table[index].type == (wanted)) || TRAP(CALL_INDIRECT), \
     ((pointer)function_table[index].function)(__VA_ARGS__))

#define DEFINE_LOAD(name, stored, widened, result)                                                           \
    static inline result name(u64 address) {                                                                 \
        stored value;                                                                                        \
        __builtin_memcpy(&value, (const u8 *)(MEMORY_BASE + address), sizeof value);                         \
        return (result)(widened)value;                                                                       \
    }
#define DEFINE_STORE(name, stored, given)                                                                    \
    static inline void name(u64 address, given value) {                                                      \
        stored narrow = (stored)value;                                                                       \
        __builtin_memcpy((u8 *)(MEMORY_BASE + address), &narrow, sizeof narrow);                             \
    }

DEFINE_LOAD(i32_load, u32, u32, u32)
DEFINE_LOAD(i64_load, u64, u64, u64)
DEFINE_LOAD(f32_load, f32, f32, f32)
DEFINE_LOAD(f64_load, f64, f64, f64)
DEFINE_LOAD(i32_load8_s, s8, s32, u32)
DEFINE_LOAD(i64_load8_s, s8, s64, u64)
DEFINE_LOAD(i32_load8_u, u8, u32, u32)
DEFINE_LOAD(i64_load8_u, u8, u64, u64)
DEFINE_LOAD(i32_load16_s, s16, s32, u32)
DEFINE_LOAD(i64_load16_s, s16, s64, u64)
DEFINE_LOAD(i32_load16_u, u16, u32, u32)
DEFINE_LOAD(i64_load16_u, u16, u64, u64)
DEFINE_LOAD(i64_load32_s, s32, s64, u64)
DEFINE_LOAD(i64_load32_u, u32, u64, u64)
DEFINE_STORE(i32_store, u32, u32)
DEFINE_STORE(i64_store, u64, u64)
DEFINE_STORE(f32_store, f32, f32)
DEFINE_STORE(f64_store, f64, f64)
DEFINE_STORE(i32_store8, u8, u32)
DEFINE_STORE(i32_store16, u16, u32)
DEFINE_STORE(i64_store8, u8, u64)
DEFINE_STORE(i64_store16, u16, u64)
DEFINE_STORE(i64_store32, u32, u64)

/*
 * What the image holds is never freed: its reference counts are this (snapshot.c), and a count of that size
 * is not written back. Counting would dirty a page of the image for every object that is looked at.
 * translate.ts puts count_store where counts are kept.
 */
#define IMMORTAL 0x40000000U
static inline void count_store(u64 address, u32 value) {
    if (LIKELY(value < IMMORTAL - 0x1000000U || value > IMMORTAL + 0x1000000U))
        i32_store(address, value);
}

#define I32_CLZ(x) ((x) ? (u32)__builtin_clz(x) : 32U)
#define I64_CLZ(x) ((x) ? (u64)__builtin_clzll(x) : 64U)
#define I32_CTZ(x) ((x) ? (u32)__builtin_ctz(x) : 32U)
#define I64_CTZ(x) ((x) ? (u64)__builtin_ctzll(x) : 64U)
#define I32_POPCNT(x) ((u32)__builtin_popcount(x))

#define DIV_S(unsigned_type, min, x, y)                                                                      \
    (UNLIKELY((y) == 0)                    ? TRAP(DIV_BY_ZERO)                                               \
     : UNLIKELY((x) == (min) && (y) == -1) ? TRAP(INT_OVERFLOW)                                              \
                                           : (unsigned_type)((x) / (y)))
#define REM_S(unsigned_type, min, x, y)                                                                      \
    (UNLIKELY((y) == 0)                    ? TRAP(DIV_BY_ZERO)                                               \
     : UNLIKELY((x) == (min) && (y) == -1) ? 0                                                               \
                                           : (unsigned_type)((x) % (y)))
#define I32_DIV_S(x, y) DIV_S(u32, INT32_MIN, (s32)(x), (s32)(y))
#define I64_DIV_S(x, y) DIV_S(u64, INT64_MIN, (s64)(x), (s64)(y))
#define I32_REM_S(x, y) REM_S(u32, INT32_MIN, (s32)(x), (s32)(y))
#define I64_REM_S(x, y) REM_S(u64, INT64_MIN, (s64)(x), (s64)(y))
#define DIV_U(x, y) (UNLIKELY((y) == 0) ? TRAP(DIV_BY_ZERO) : ((x) / (y)))
#define REM_U(x, y) (UNLIKELY((y) == 0) ? TRAP(DIV_BY_ZERO) : ((x) % (y)))

#define ROTL(x, y, mask) (((x) << ((y) & (mask))) | ((x) >> (((mask) - (y) + 1) & (mask))))
#define ROTR(x, y, mask) (((x) >> ((y) & (mask))) | ((x) << (((mask) - (y) + 1) & (mask))))
#define I32_ROTL(x, y) ROTL(x, y, 31)
#define I32_ROTR(x, y) ROTR(x, y, 31)
#define I64_ROTL(x, y) ROTL(x, y, 63)
#define I64_ROTR(x, y) ROTR(x, y, 63)

static inline f64 machine_minimum(f64 x, f64 y) {
    if (isnan(x) || isnan(y))
        return NAN;
    if (x == 0 && y == 0)
        return signbit(x) ? x : y;
    return x < y ? x : y;
}
static inline f64 machine_maximum(f64 x, f64 y) {
    if (isnan(x) || isnan(y))
        return NAN;
    if (x == 0 && y == 0)
        return signbit(x) ? y : x;
    return x > y ? x : y;
}
#define FMIN(x, y) machine_minimum(x, y)
#define FMAX(x, y) machine_maximum(x, y)

static inline u32 I32_TRUNC_SAT_S_F64(f64 x) {
    if (isnan(x))
        return 0;
    if (x <= -2147483649.0)
        return (u32)INT32_MIN;
    return x >= 2147483648.0 ? (u32)INT32_MAX : (u32)(s32)x;
}
static inline u32 I32_TRUNC_SAT_U_F64(f64 x) {
    if (isnan(x) || x <= -1.0)
        return 0;
    return x >= 4294967296.0 ? UINT32_MAX : (u32)x;
}
static inline u64 I64_TRUNC_SAT_S_F64(f64 x) {
    if (isnan(x))
        return 0;
    if (x < -9223372036854775808.0)
        return (u64)INT64_MIN;
    return x >= 9223372036854775808.0 ? (u64)INT64_MAX : (u64)(s64)x;
}
static inline u64 I64_TRUNC_SAT_U_F64(f64 x) {
    if (isnan(x) || x <= -1.0)
        return 0;
    return x >= 18446744073709551616.0 ? UINT64_MAX : (u64)x;
}

#define DEFINE_REINTERPRET(name, from, to)                                                                   \
    static inline to name(from x) {                                                                          \
        to result;                                                                                           \
        __builtin_memcpy(&result, &x, sizeof result);                                                        \
        return result;                                                                                       \
    }
DEFINE_REINTERPRET(f32_reinterpret_i32, u32, f32)
DEFINE_REINTERPRET(i32_reinterpret_f32, f32, u32)
DEFINE_REINTERPRET(f64_reinterpret_i64, u64, f64)
DEFINE_REINTERPRET(i64_reinterpret_f64, f64, u64)

/* A NaN comes out quiet, with its other bits kept: the engine boxes its values in them. */
static inline f64 wasm_quiet(f64 x) {
    return UNLIKELY(isnan(x)) ? f64_reinterpret_i64(i64_reinterpret_f64(x) | 0x7ff8000000000000ULL) : x;
}
static inline f32 wasm_quietf(f32 x) {
    return UNLIKELY(isnan(x)) ? f32_reinterpret_i32(i32_reinterpret_f32(x) | 0x7fc00000U) : x;
}
static inline f64 wasm_fabs(f64 x) {
    return f64_reinterpret_i64(i64_reinterpret_f64(x) & ~(1ULL << 63));
}
#define DEFINE_ROUNDING(name)                                                                                \
    static inline f64 wasm_##name(f64 x) {                                                                   \
        return UNLIKELY(isnan(x)) ? wasm_quiet(x) : name(x);                                                 \
    }
DEFINE_ROUNDING(ceil)
DEFINE_ROUNDING(floor)
DEFINE_ROUNDING(nearbyint)
DEFINE_ROUNDING(sqrt)
DEFINE_ROUNDING(trunc)

static inline void memory_fill(u32 target, u32 value, u32 length) {
    memset(AT(target), (int)value, length);
}
static inline void memory_copy(u32 target, u32 source, u32 length) {
    memmove(AT(target), AT(source), length);
}

#endif
