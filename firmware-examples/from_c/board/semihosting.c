// The host's console and files, by Arm's semihosting.
#include "board.h"

enum operation {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE = 0x05,
    SYS_EXIT_EXTENDED = 0x20,
};
enum { MODE_WRITE_BINARY = 5, APPLICATION_EXIT = 0x20026 };

static int32_t call(enum operation operation, const void *block)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = block;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

static size_t length_of(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0') ++length;
    return length;
}

board_file board_file_create(const char *name)
{
    const uint32_t block[] = {(uint32_t)name, MODE_WRITE_BINARY, length_of(name)};
    return call(SYS_OPEN, block);
}

bool board_file_write(board_file file, const uint8_t *bytes, size_t length)
{
    const uint32_t block[] = {(uint32_t)file, (uint32_t)bytes, length};
    // The answer is the number of bytes that were not written.
    return file >= 0 && call(SYS_WRITE, block) == 0;
}

void board_file_close(board_file file)
{
    const uint32_t block[] = {(uint32_t)file};
    call(SYS_CLOSE, block);
}

void board_print(const char *text)
{
    static board_file console = -1;
    if (console < 0) console = board_file_create(":tt");
    board_file_write(console, (const uint8_t *)text, length_of(text));
}

static void print_figure(const char *name, const char *value, const char *unit)
{
    const char *const parts[] = {name, " ", value, " ", unit, "\n"};
    for (size_t part = 0; part < sizeof parts / sizeof *parts; ++part) board_print(parts[part]);
}

// The digits of `value`, at least `width`, in front of `end`; returns where they start.
static char *digits(char *end, uint32_t value, uint32_t base, int width)
{
    for (; width > 0 || value > 0; --width) {
        *--end = "0123456789abcdef"[value % base];
        value /= base;
    }
    return end;
}

void board_figure(const char *name, uint32_t value, const char *unit)
{
    char text[16] = {0};
    print_figure(name, digits(text + 15, value, 10, 1), unit);
}

void board_figure_bits(const char *name, uint32_t value, const char *unit)
{
    char text[16] = {0};
    print_figure(name, digits(text + 15, value, 16, 8), unit);
}

void board_figure_percent(const char *name, uint32_t part, uint32_t whole)
{
    const uint32_t tenths = whole == 0 ? 0 : (part * 1000 + whole / 2) / whole;
    char text[16] = {0};
    char *point = digits(text + 15, tenths % 10, 10, 1) - 1;
    *point = '.';
    print_figure(name, digits(point, tenths / 10, 10, 1), "%");
}

_Noreturn void board_exit(int code)
{
    const uint32_t block[] = {APPLICATION_EXIT, (uint32_t)code};
    call(SYS_EXIT_EXTENDED, block);
    for (;;) {
    }
}

_Noreturn void board_panic(void)
{
    board_print("panic: in the library\n");
    board_exit(BOARD_EXIT_PANIC);
}
