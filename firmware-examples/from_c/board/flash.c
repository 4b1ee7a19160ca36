// A flash that keeps the rules of NOR and forgets at power-off.
#include "board.h"

enum { BLOCK = 4096, WORD = 4 };

// Stored inverted, so that erased flash is zero and needs no initial value.
static uint8_t cells[BOARD_FLASH_CAPACITY];

static bool is_inside(uint32_t offset, size_t length)
{
    return offset <= BOARD_FLASH_CAPACITY && length <= BOARD_FLASH_CAPACITY - offset;
}

int32_t board_flash_read(void *context, uint32_t offset, uint8_t *bytes, size_t length)
{
    (void)context;
    if (!is_inside(offset, length)) return -1;
    for (size_t i = 0; i < length; ++i) bytes[i] = (uint8_t)~cells[offset + i];
    return 0;
}

int32_t board_flash_write(void *context, uint32_t offset, const uint8_t *bytes, size_t length)
{
    (void)context;
    if (!is_inside(offset, length) || offset % WORD != 0 || length % WORD != 0) return -1;
    for (size_t i = 0; i < length; ++i) cells[offset + i] |= (uint8_t)~bytes[i];
    return 0;
}

int32_t board_flash_erase(void *context, uint32_t from, uint32_t to)
{
    (void)context;
    if (from > to || to > BOARD_FLASH_CAPACITY || from % BLOCK != 0 || to % BLOCK != 0) return -1;
    for (uint32_t i = from; i < to; ++i) cells[i] = 0;
    return 0;
}
