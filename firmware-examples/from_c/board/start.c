// Start-up of a Cortex-M: vector table, memory, FPU, faults, and the stack's measure.
#include "board.h"

// Where the linker script put things. Only the addresses mean anything.
extern uint32_t board_data_start[], board_data_end[], board_data_load[];
extern uint32_t board_bss_start[], board_bss_end[];
extern uint32_t board_stack_end[], board_stack_start[];

#define STACK_PAINT 0xCCCCCCCCu
#define CPACR (*(volatile uint32_t *)0xE000ED88u)
#define FPU_FULL_ACCESS (0xFu << 20)

int main(void);

static void paint_stack(void)
{
    uint32_t *stack_pointer;
    __asm__ volatile("mov %0, sp" : "=r"(stack_pointer));
    // What this function itself may still push.
    for (uint32_t *word = board_stack_end; word < stack_pointer - 16; ++word) {
        *(volatile uint32_t *)word = STACK_PAINT;
    }
}

// Prints how deep the stack has been; ends the program if nothing of the paint is left.
static void report_stack(void)
{
    const uint32_t *word = board_stack_end;
    while (word < board_stack_start && *(const volatile uint32_t *)word == STACK_PAINT) ++word;
    if (word == board_stack_end) {
        board_print("error: the stack has used the whole of its memory\n");
        board_exit(BOARD_EXIT_STACK_OVERFLOW);
    }
    board_figure("stack_peak", (uint32_t)((board_stack_start - word) * sizeof *word), "byte");
}

_Noreturn void board_reset(void)
{
#ifdef __ARM_FP
    CPACR |= FPU_FULL_ACCESS;
    __asm__ volatile("dsb\n isb");
#endif
    uint32_t *from = board_data_load;
    for (uint32_t *to = board_data_start; to < board_data_end; ++to) *to = *from++;
    for (uint32_t *to = board_bss_start; to < board_bss_end; ++to) *to = 0;
    paint_stack();
    const int code = main();
    if (code == 0) report_stack();
    board_exit(code);
}

// What the processor has pushed at an exception.
struct frame {
    uint32_t r0, r1, r2, r3, r12, lr, pc, psr;
};

__attribute__((used)) static _Noreturn void fault(const struct frame *frame)
{
    board_print("fault: the processor cannot go on\n");
    board_figure_bits("fault_pc", frame->pc, "address");
    board_figure_bits("fault_lr", frame->lr, "address");
    board_exit(BOARD_EXIT_FAULT);
}

__attribute__((naked)) void board_fault(void)
{
    __asm__ volatile("mov r0, sp\n b %c0" : : "i"(fault));
}

typedef void (*vector)(void);

__attribute__((section(".vector_table"), used)) static const vector vectors[16] = {
    (vector)board_stack_start, board_reset, board_fault, board_fault, board_fault, board_fault,
    board_fault,               board_fault, 0,           0,           0,           board_fault,
    board_fault,               0,           board_fault, board_fault,
};
