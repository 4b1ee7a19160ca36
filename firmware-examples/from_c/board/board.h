// The board that a program in C runs on: any Cortex-M that QEMU plays, with its host's console and
// files by semihosting. The exit codes are those of the Rust programs (BOARDS.md).
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_EXIT_PANIC 101
#define BOARD_EXIT_FAULT 102
#define BOARD_EXIT_STACK_OVERFLOW 103

// Text on the host's console.
void board_print(const char *text);

// A line `name value unit`, as a whole number, in hexadecimal, or with one digit behind the point.
void board_figure(const char *name, uint32_t value, const char *unit);
void board_figure_bits(const char *name, uint32_t value, const char *unit);
void board_figure_percent(const char *name, uint32_t part, uint32_t whole);

// A file on the host; negative if it could not be made.
typedef int32_t board_file;
board_file board_file_create(const char *name);
bool board_file_write(board_file file, const uint8_t *bytes, size_t length);
void board_file_close(board_file file);

// A flash, played by RAM: blocks of 4096 bytes, words of 4 bytes, the rules of NOR; it forgets at
// power-off. Each function returns 0, or -1 for what a flash cannot do. `context` is not used.
#define BOARD_FLASH_CAPACITY 65536u
int32_t board_flash_read(void *context, uint32_t offset, uint8_t *bytes, size_t length);
int32_t board_flash_write(void *context, uint32_t offset, const uint8_t *bytes, size_t length);
int32_t board_flash_erase(void *context, uint32_t from, uint32_t to);

// Ends the program.
_Noreturn void board_exit(int code);
_Noreturn void board_panic(void);

#endif
