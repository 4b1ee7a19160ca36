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

// Ends the program.
_Noreturn void board_exit(int code);
_Noreturn void board_panic(void);

#endif
