// The main job in C: a frozen int8 backbone meets new data, and the head in front of it is
// fine-tuned on the device with Adam, exactly as TensorFlow would; the result leaves as a
// checkpoint. The Rust program `finetune` ends with the same bits. While it trains, checkpoints are
// kept in flash; after a reset it would go on from the last one.
#include "board.h"
#include "gradlet.h"
#include "story.h"

// Everything large is static, and zero until it is initialised.
static gradlet_head head;
static gradlet_batch batch;
static gradlet_manager manager;
static gradlet_features replay[STORY_DISTINCT];
static int8_t scratch[STORY_SCRATCH];

// Leaves the function with the status of a call that failed.
#define TRY(call)                                                                                  \
    do {                                                                                           \
        const gradlet_status status_ = (call);                                                     \
        if (status_ != GRADLET_STATUS_OK) return status_;                                          \
    } while (0)

// Prints the share of the story's test samples that the head classifies as labelled.
static gradlet_status report_accuracy(const char *name)
{
    uint32_t right = 0;
    const uint16_t tests = story_tests();
    for (uint16_t test = 0; test < tests; ++test) {
        const uint16_t row = story_test_row(test);
        gradlet_features features;
        uint32_t label;
        if (!story_features(row, &scratch, &features)) return GRADLET_STATUS_OTHER;
        TRY(gradlet_head_predict(&head, &features, &story_quantization, &label));
        right += label == story_label(row);
    }
    board_figure_percent(name, right, tests);
    return GRADLET_STATUS_OK;
}

// Each labelled sample goes through the frozen layers once; training replays their features.
static gradlet_status collect(void)
{
    for (uint16_t sample = 0; sample < story_distinct(); ++sample) {
        if (!story_features(story_distinct_row(sample), &scratch, &replay[sample])) {
            return GRADLET_STATUS_OTHER;
        }
    }
    return GRADLET_STATUS_OK;
}

static gradlet_status train(uint16_t step)
{
    TRY(gradlet_batch_clear(&batch));
    for (uint16_t position = 0; position < GRADLET_BATCH; ++position) {
        const uint16_t sample = story_replay(step, position);
        if (sample >= STORY_DISTINCT) break;
        const uint16_t label = story_label(story_distinct_row(sample));
        TRY(gradlet_batch_push(&batch, &replay[sample], label));
    }
    float loss;
    return gradlet_head_minimize_batch(&head, &batch, &loss);
}

// Steps between two checkpoints: a block of flash bears some 10,000 erases.
#define SAVE_EVERY 50

// Where checkpoints are kept: on a real board, in a part of the flash that the linker leaves free.
static const gradlet_flash flash = {
    .capacity = BOARD_FLASH_CAPACITY,
    .read = board_flash_read,
    .write = board_flash_write,
    .erase = board_flash_erase,
};
static const gradlet_manager_options options = {.max_to_keep = 5};

// The shipped head, unless the flash has one that was trained further.
static gradlet_status restore(void)
{
    TRY(gradlet_head_init(&head, &story_adam));
    TRY(gradlet_head_assign(&head, &story_weights));
    TRY(gradlet_manager_open(&manager, &flash, &options));
    const gradlet_status status = gradlet_manager_restore(&manager, &head);
    return status == GRADLET_STATUS_NO_CHECKPOINT ? GRADLET_STATUS_OK : status;
}

// How a checkpoint leaves: on a real board, into a UART or the flash.
static int32_t write_file(void *context, const uint8_t *bytes, size_t length)
{
    const board_file *file = context;
    return board_file_write(*file, bytes, length) ? 0 : -1;
}

static gradlet_status run(void)
{
    TRY(restore());
    TRY(gradlet_batch_init(&batch, &story_quantization));
    TRY(report_accuracy("accuracy_before"));

    TRY(collect());
    for (uint16_t step = 0; step < story_steps(); ++step) {
        TRY(train(step));
        if ((step + 1) % SAVE_EVERY == 0) TRY(gradlet_manager_save(&manager, &head, NULL));
    }
    TRY(report_accuracy("accuracy_after"));

    uint32_t crc32c;
    TRY(gradlet_head_crc32c(&head, &crc32c));
    board_figure_bits("state_crc32c", crc32c, "crc32c");

    // What a reset would find: the last step's checkpoint, bit for bit.
    uint32_t restored;
    TRY(restore());
    TRY(gradlet_head_crc32c(&head, &restored));
    board_figure_bits("restored_crc32c", restored, "crc32c");

    uint32_t length;
    board_file file = board_file_create("checkpoint.gck");
    TRY(gradlet_checkpoint_write(&head, write_file, &file, &length));
    board_file_close(file);
    board_figure("checkpoint", length, "byte");
    return GRADLET_STATUS_OK;
}

int main(void)
{
    const gradlet_status status = run();
    if (status == GRADLET_STATUS_OK) return 0;
    board_print("error: ");
    board_print(gradlet_status_text(status));
    board_print("\n");
    return 1;
}
